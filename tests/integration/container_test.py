"""A service with build.dockerfile, on a machine whose docker or podman answers. The image is made of one static program, so that
no registry is asked."""

import shutil
import subprocess
import unittest

from harness import MdlTest, until

SERVER = r"""
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  signal(SIGTERM, exit);
  const int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(getenv("PORT")))};
  if (bind(listener, (struct sockaddr *)&place, sizeof place) != 0 || listen(listener, 64) != 0) return 1;
  printf("starting version %s\n", getenv("VERSION"));
  fflush(stdout);
  for (;;) {
    char request[4096], body[256], answer[512];
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    if (read(client, request, sizeof request) > 0) {
      snprintf(body, sizeof body, "{\"version\": \"%s\", \"token\": %zu}\n", getenv("VERSION"), strlen(getenv("TOKEN")));
      snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
      if (write(client, answer, strlen(answer)) < 0) perror("write");
    }
    close(client);
  }
}
"""


def engine():
    for name, words in (("docker", ["version"]), ("podman", ["info"])):
        if shutil.which(name) and subprocess.run([name, *words], capture_output=True, timeout=60).returncode == 0:
            return name
    return None


ENGINE = engine()


@unittest.skipUnless(ENGINE, "neither docker nor podman answers on this machine")
class Container(MdlTest):
    def containers(self):
        return subprocess.check_output([ENGINE, "ps", "-q", "--filter", "label=dev.mdl.replica"], text=True).split()

    def test_an_image_is_built_started_replaced_rolled_back_and_removed(self):
        before = self.containers()
        self.service(http={"command": None, "health": "/"}, build={"dockerfile": "Dockerfile"},
                     secrets={"TOKEN": {"from": "env:TOKEN"}},
                     files={"Dockerfile": "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\n", "server.c": SERVER})
        self.manifest["http"].pop("command")
        self.set()
        subprocess.run(["gcc", "-static", "-O1", "-o", "server", "server.c"], cwd=self.folder, check=True)
        given = {"env": {"TOKEN": "12345"}}
        self.deploy(**given)
        self.assertEqual(self.get("/").json(), {"version": "1", "token": 5})
        self.assertIn("starting version 1", self.mdl("logs").out)
        self.assertTrue(self.deploy(**given)["nothing_to_do"])
        self.deploy("--set", "env.VERSION=2", **given)
        self.assertEqual(self.get("/").json()["version"], "2")
        self.mdl("rollback")
        self.assertEqual(self.get("/").json()["version"], "1")
        self.mdl("destroy", "-y")
        until(lambda: self.containers() == before, what="the end of the containers")


if __name__ == "__main__":
    unittest.main()
