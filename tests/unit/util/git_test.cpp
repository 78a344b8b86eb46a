#include "core/util/git.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <unistd.h>

#include "core/util/process.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using oci::test::Tree;

namespace {

std::string git(const std::string& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c",
                                       "commit.gpgsign=false", "-c", "init.defaultBranch=main"});
  const auto finished =
      run({.arguments = std::move(arguments),
           .folder = folder,
           .set = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_SYSTEM", "/dev/null"}}});
  REQUIRE(finished);
  REQUIRE(finished->status == 0);
  return finished->output.substr(0, finished->output.find('\n'));
}

void commit_all(const Tree& tree) {
  git(tree.root(), {"init", "-q"});
  git(tree.root(), {"add", "-A"});
  git(tree.root(), {"commit", "-q", "-m", "first"});
}

Commit commit_of(const std::string& folder) {
  const auto commit = git_commit(folder);
  REQUIRE(commit);
  REQUIRE(*commit);
  return **commit;
}

}  // namespace

TEST_CASE("git: outside a repository, and in one without a commit, there is no commit") {
  const Tree tree;
  const auto outside = git_commit(tree.root());
  REQUIRE(outside);
  CHECK(!*outside);
  git(tree.root(), {"init", "-q"});
  const auto unborn = git_commit(tree.root());
  REQUIRE(unborn);
  CHECK(!*unborn);
}

TEST_CASE("git: the commit is HEAD, from any folder below the top, and clean after a commit") {
  const Tree tree;
  tree.write("service/app.py", "1");
  commit_all(tree);
  const auto commit = commit_of(tree.at("service"));
  CHECK(commit.hash == git(tree.root(), {"rev-parse", "HEAD"}));
  CHECK(!commit.dirty);
}

TEST_CASE("git: changed, staged, deleted and untracked files make a commit dirty, ignored ones do not") {
  const Tree tree;
  tree.write("a.py", "1");
  tree.write("b/b.py", "1");
  tree.write(".gitignore", "*.log\nbuild/\n");
  commit_all(tree);
  tree.write("x.log");
  tree.write("build/out");
  tree.write("only-logs/deep/y.log");
  tree.folder("empty/folder");
  CHECK(!commit_of(tree.root()).dirty);
  tree.write("a.py", "1");  // the same bytes, another time
  CHECK(!commit_of(tree.root()).dirty);
  tree.write("a.py", "2");
  CHECK(commit_of(tree.root()).dirty);
  git(tree.root(), {"add", "a.py"});
  CHECK(commit_of(tree.root()).dirty);
  tree.write("a.py", "1");
  git(tree.root(), {"add", "a.py"});
  CHECK(!commit_of(tree.root()).dirty);
  tree.write("new/deep/new.py");
  CHECK(commit_of(tree.root()).dirty);
  std::filesystem::remove_all(tree.at("new"));
  CHECK(!commit_of(tree.root()).dirty);
  tree.write("b/new.py");
  CHECK(commit_of(tree.root()).dirty);
  std::filesystem::remove(tree.at("b/new.py"));
  std::filesystem::remove(tree.at("b/b.py"));
  CHECK(commit_of(tree.at("b")).dirty);
}

TEST_CASE("git: a detached HEAD and a worktree have a commit too") {
  const Tree tree;
  tree.write("repo/a.py", "1");
  git(tree.at("repo"), {"init", "-q"});
  git(tree.at("repo"), {"add", "-A"});
  git(tree.at("repo"), {"commit", "-q", "-m", "first"});
  git(tree.at("repo"), {"worktree", "add", "-q", "--detach", tree.at("other")});
  CHECK(commit_of(tree.at("other")).hash == commit_of(tree.at("repo")).hash);
  CHECK(!commit_of(tree.at("other")).dirty);
}

TEST_CASE("git: a repository of another user is as if there were none") {
  if (::geteuid() != 0) return;  // only root can give a folder away
  const Tree tree;
  tree.write("a.py", "1");
  commit_all(tree);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree.root()))
    REQUIRE(::lchown(entry.path().c_str(), 12345, 12345) == 0);
  REQUIRE(::chown(tree.root().c_str(), 12345, 12345) == 0);
  const auto commit = git_commit(tree.root());
  REQUIRE(commit);
  CHECK(!*commit);
}
