#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;
using namespace std::chrono_literals;

namespace {

std::string service(std::string_view name, std::string_view more = "") {
  return "mdl: 1\nname: " + std::string(name) + "\nhttp: { entry: \"app:app\" }\n" + std::string(more);
}

std::vector<std::string> problems_of_project(const Folder& folder, const LoadOptions& options = {}) {
  const auto project = load(folder.path(), options);
  return project ? std::vector<std::string>{} : texts(project.error(), folder);
}

// The first lines only.
std::vector<std::string> heads(std::vector<std::string> problems) {
  for (auto& problem : problems) problem.resize(std::min(problem.size(), problem.find('\n')));
  return problems;
}

}  // namespace

TEST_CASE("manifest services: a project's services come in the order of their needs") {
  const Folder folder;
  folder.write("mdl.yaml", "mdl: 1\nservices: [shop/, recommend, features]\n");
  folder.write("shop/mdl.yaml", service("shop", "needs: [recommend]\n"));
  folder.write("recommend/mdl.yaml", service("recommend", "needs: [features]\n"));
  folder.write("features/mdl.yaml", service("features"));
  const auto project = load(folder.path(), {});
  REQUIRE(project);
  REQUIRE(project->services.size() == 3);
  CHECK(project->services[0].name == "features");
  CHECK(project->services[1].name == "recommend");
  CHECK(project->services[2].name == "shop");
  CHECK(project->folder == folder.path());
  CHECK(project->services[2].folder == folder.path("shop"));
  CHECK(project->services[2].file == folder.path("shop/mdl.yaml"));
  CHECK(project->targets == std::vector<std::string>{"local"});
}

TEST_CASE("manifest services: shared defaults and targets, and what a service says differently") {
  const Folder folder;
  folder.write("mdl.yaml",
               "mdl: 1\nservices: [a, b]\n"
               "http: { timeout: 9s, handler: x.y }\nenv: { SHARED: \"1\", OWN: root }\nscale: { max: 7 }\n"
               "targets:\n  local: {}\n  prod: { provider: k8s, namespace: risk, scale: { max: 20 } }\n");
  folder.write("a/mdl.yaml", service("a", "env: { OWN: a }\nscale: { max: 3 }\n"));
  folder.write("b/mdl.yaml", service("b", "targets: { prod: { namespace: other, scale: { max: 30 } } }\n"));
  const auto local = load(folder.path(), {});
  REQUIRE(local);
  CHECK(local->services[0].http.timeout == 9s);
  CHECK(local->services[0].http.entry == "app:app");
  CHECK(local->services[0].http.handler.empty());
  CHECK(local->services[0].env == std::map<std::string, std::string>{{"OWN", "a"}, {"SHARED", "1"}});
  CHECK(local->services[0].scale.max == 3);
  CHECK(local->services[1].scale.max == 7);
  CHECK(local->services[0].sources.at("env.SHARED").file == folder.path("mdl.yaml"));
  const auto prod = load(folder.path(), {.target = "prod", .sets = {"targets.prod.context=c"}});
  REQUIRE(prod);
  CHECK(prod->services[0].target.provider == "k8s");
  CHECK(prod->services[0].target.settings["namespace"].as_string() == "risk");
  CHECK(prod->services[0].scale.max == 20);
  CHECK(prod->services[1].target.settings["namespace"].as_string() == "other");
  CHECK(prod->services[1].target.settings["context"].as_string() == "c");
  CHECK(prod->services[1].scale.max == 30);
}

TEST_CASE("manifest services: a circle of needs is printed, an unknown need gets the nearest name") {
  const Folder folder;
  folder.write("mdl.yaml", "mdl: 1\nservices: [a, b, c]\n");
  folder.write("a/mdl.yaml", service("alpha", "needs: [beta]\n"));
  folder.write("b/mdl.yaml", service("beta", "needs: [gamma]\n"));
  folder.write("c/mdl.yaml", service("gamma", "needs: [alpha, bata]\n"));
  CHECK(heads(problems_of_project(folder)) ==
        std::vector<std::string>{
            "c/mdl.yaml:4:9: needs: services need each other in a circle: alpha -> beta -> gamma -> alpha",
            "c/mdl.yaml:4:16: needs: this project has no service 'bata'; did you mean 'beta'?"});
}

TEST_CASE("manifest services: problems of all files at once, in the order of the files") {
  const Folder folder;
  folder.write("mdl.yaml", "mdl: 1\nname: shop\nservices: [a, b, none, ../up, a/]\nscael: {}\n");
  folder.write("a/mdl.yaml", service("a", "scale: { max: 0 }\nservices: [x]\nneeds: [none]\n"));
  folder.write("b/mdl.yaml", service("a"));
  CHECK(
      heads(problems_of_project(folder)) ==
      std::vector<std::string>{
          "mdl.yaml:2:1: a manifest with services has no name of its own; each service states its name",
          "mdl.yaml:3:18: there is no manifest 'none/mdl.yaml'",
          "mdl.yaml:3:24: services.3: expected a path below the manifest's folder, without '..', not '../up'",
          "mdl.yaml:3:31: services: 'a/' is here twice",
          "mdl.yaml:4:1: unknown field 'scael'; did you mean 'scale'?",
          "a/mdl.yaml:4:15: scale.max: '0' is less than 1",
          "a/mdl.yaml:5:1: a service of a project cannot have services itself",
          "b/mdl.yaml:2:7: another service of this project is called 'a'"});
}

TEST_CASE("manifest services: a problem of one service does not hide those of another") {
  const Folder folder;
  folder.write("mdl.yaml", "mdl: 1\nservices: [a, b]\n");
  folder.write("a/mdl.yaml", "mdl: 1\nname: a\nhttp: { entyr: \"a:a\" }\n");
  folder.write("b/mdl.yaml", "mdl: 1\nname: b\nhttp: { health: /h }\n");
  CHECK(heads(problems_of_project(folder)) ==
        std::vector<std::string>{
            "a/mdl.yaml:3:9: unknown field 'entyr' in 'http'; did you mean 'entry'?",
            "b/mdl.yaml:3:17: http: one of entry, handler and command is needed, such as entry: app:app"});
}

TEST_CASE("manifest services: a target must be there for every service") {
  const Folder folder;
  folder.write("mdl.yaml", "mdl: 1\nservices: [a, b]\n");
  folder.write("a/mdl.yaml", service("a", "targets: { local: {}, aws: {} }\n"));
  folder.write("b/mdl.yaml", service("b", "targets: { local: {} }\n"));
  CHECK(problems_of_project(folder).empty());
  CHECK(heads(problems_of_project(folder, {.target = "aws"})) ==
        std::vector<std::string>{"b/mdl.yaml:1:1: this service has no target 'aws'"});
  folder.write("mdl.yaml", "mdl: 1\nservices: [a, b]\ntargets: { aws: {} }\n");
  folder.write("b/mdl.yaml", service("b", "targets: { aws: { provider: k8s } }\n"));
  CHECK(heads(problems_of_project(folder, {.target = "aws"})) ==
        std::vector<std::string>{
            "b/mdl.yaml:4:29: targets.aws: the project's manifest says that this target's provider is aws"});
}

TEST_CASE("manifest services: an empty list of services, and too many") {
  const Folder folder;
  folder.write("mdl.yaml", "mdl: 1\nservices: []\n");
  CHECK(heads(problems_of_project(folder)) ==
        std::vector<std::string>{"mdl.yaml:2:11: services: the list is empty"});
  std::string many;
  for (int i = 0; i < 201; ++i) many += "s" + std::to_string(i) + ", ";
  folder.write("mdl.yaml", "mdl: 1\nservices: [" + many + "]\n");
  const auto problems = heads(problems_of_project(folder));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].ends_with("a project has at most 200 services"));
}

TEST_CASE("manifest services: release_config holds what makes releases differ, and secrets by reference") {
  const auto config = [](std::string_view more, const LoadOptions& options = {}) {
    return dump_canonical(release_config(service_of(service("risk", more), options)));
  };
  const auto plain = config("");
  for (const auto* same : {"scale: { max: 9 }\n", "rollout: { keep: 9 }\n", "hooks: { pre-deploy: [x] }\n",
                           "targets: { other: { provider: local } }\n", "model: [ { path: w } ]\n"}) {
    CAPTURE(same);
    CHECK(config(same) == plain);
  }
  for (const auto* different :
       {"env: { A: b }\n", "secrets: { A: { from: \"env:B\" } }\n", "resources: { cpu: 2 }\n",
        "resources: { memory: 2Gi }\n", "resources: { gpu: 1 }\n", "metrics: { from: /metrics }\n",
        "targets: { local: { port: 8400 } }\n", "targets: { local: { http: { health: /h } } }\n",
        "targets: { local: { http: { timeout: 9s } } }\n",
        "targets: { local: { http: { interface: wsgi } } }\n",
        "targets: { local: { http: { command: [x] } } }\n"}) {
    CAPTURE(different);
    CHECK(config(different) != plain);
  }
  CHECK(release_config(
            service_of(service("risk", "secrets: { A: { from: \"file:/run/a\" } }\n")))["secrets"]["A"]
            .as_string() == "file:/run/a");
}
