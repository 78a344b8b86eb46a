"""The model: shared by training, for the golden answer, and by serving."""

import json
from collections import defaultdict


class Recommender:
    def __init__(self, folder):
        model = json.loads((folder / "model.json").read_text())
        self.card = json.loads((folder / "card.json").read_text())
        self.titles, self.likes, self.neighbours = model["titles"], model["likes"], model["neighbours"]
        # Of films with one title the best-liked counts.
        self.films = {}
        for film in sorted(range(len(self.titles)), key=lambda film: self.likes[film]):
            self.films[self.titles[film].lower()] = film

    def recommend(self, liked, count):
        """The films most similar to those liked, best first; KeyError for an unknown title."""
        films = {self.films[title.lower()] for title in liked}
        scores = defaultdict(float)
        for film in sorted(films):
            for other, similarity in self.neighbours[film]:
                if other not in films:
                    scores[other] += similarity
        best = sorted(scores, key=lambda film: (-scores[film], film))[:count]
        return {"recommendations": [{"title": self.titles[film], "score": round(scores[film], 4)} for film in best]}

    def search(self, text, count):
        """Titles that contain the text, best-liked first."""
        found = [film for title, film in self.films.items() if text.lower() in title]
        return [self.titles[film] for film in sorted(found, key=lambda film: -self.likes[film])[:count]]
