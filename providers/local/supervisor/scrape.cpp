#include "providers/local/supervisor/scrape.hpp"

#include <array>

#include "providers/local/supervisor/exposition.hpp"

namespace mdl::local::supervisor {

namespace {

constexpr Milliseconds scrape_timeout{1'000};
constexpr std::size_t longest_text = 4u << 20;
constexpr std::array bounds_ms{5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000};

struct Source {
  std::string labels, path;
  std::uint16_t port = 0;
};

std::string release_labels(const ServiceRef& ref, int release) {
  return metric_label("service", ref.service) + "," + metric_label("target", ref.target) + "," +
         metric_label("release", std::to_string(release));
}

std::string replica_label(int replica) { return "," + metric_label("replica", std::to_string(replica)); }

// Healthy replicas of a service that has metrics of its own.
void add_sources(std::vector<Source>& sources, const Service& service, bool all_labels) {
  const auto& path = service.row().gateway["metrics_from"].as_string();
  if (!path.starts_with('/')) return;
  for (const auto& [number, release] : service.releases())
    for (const auto& upstream : release->upstreams()) {
      const auto labels = all_labels ? release_labels(service.ref(), number)
                                     : metric_label("release", std::to_string(number));
      sources.push_back({labels + replica_label(upstream.replica), path, upstream.port});
    }
}

struct Scrape {
  std::vector<std::pair<std::string, std::string>> texts;  // labels, body
  std::vector<std::shared_ptr<void>> gets;
  std::size_t left = 0;
};
using Scraped = std::function<void(const std::vector<std::pair<std::string, std::string>>&)>;

void scrape(Loop& loop, const std::vector<Source>& sources, const Scraped& done) {
  if (sources.empty()) return done({});
  auto state = std::make_shared<Scrape>();
  state->texts.resize(sources.size());
  state->left = sources.size();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    state->texts[i].first = sources[i].labels;
    state->gets.push_back(http_get(loop, sources[i].port, sources[i].path, scrape_timeout, longest_text,
                                   [state, i, done](Answer answer) {
                                     if (answer.status == 200)
                                       state->texts[i].second = std::move(answer.body);
                                     if (--state->left > 0) return;
                                     done(state->texts);
                                     state->gets.clear();
                                   }));
  }
}

void add_families(Exposition& out) {
  out.family("mdl_requests_total", "counter", "Requests that were answered, by release.");
  out.family("mdl_request_errors_total", "counter",
             "Requests answered with 5xx, the gateway's own included.");
  out.family("mdl_request_duration_seconds", "histogram",
             "From a request's first byte to its response's last.");
  out.family("mdl_requests_held", "gauge", "Requests that wait for a replica.");
  out.family("mdl_replicas", "gauge", "Healthy replicas.");
  out.family("mdl_replica_cpu_seconds_total", "counter",
             "CPU time of a replica's processes since it was started.");
  out.family("mdl_replica_memory_bytes", "gauge", "Resident memory of a replica's processes.");
}

void add_requests(Exposition& out, const ServiceRef& ref, int release, const Totals& totals) {
  const auto labels = release_labels(ref, release);
  const std::string name = "mdl_request_duration_seconds";
  out.sample("mdl_requests_total", "mdl_requests_total", labels, static_cast<double>(totals.requests));
  out.sample("mdl_request_errors_total", "mdl_request_errors_total", labels,
             static_cast<double>(totals.errors));
  std::uint64_t count = 0;
  std::size_t bucket = 0;
  for (const auto bound : bounds_ms) {
    for (; bucket < totals.histogram.size() && histogram_bound(bucket) <= Milliseconds(bound); ++bucket)
      count += totals.histogram[bucket];
    const auto seconds = std::to_string(bound / 1000) +
                         (bound % 1000 == 0 ? "" : "." + std::to_string(1000 + bound % 1000).substr(1));
    out.sample(name, name + "_bucket", labels + "," + metric_label("le", seconds),
               static_cast<double>(count));
  }
  for (; bucket < totals.histogram.size(); ++bucket) count += totals.histogram[bucket];
  out.sample(name, name + "_bucket", labels + "," + metric_label("le", "+Inf"), static_cast<double>(count));
  out.sample(name, name + "_sum", labels, totals.seconds);
  out.sample(name, name + "_count", labels, static_cast<double>(count));
}

void add_service(Exposition& out, const Service& service) {
  const auto& ref = service.ref();
  for (const auto& [release, totals] : service.metrics().totals()) add_requests(out, ref, release, totals);
  out.sample("mdl_requests_held", "mdl_requests_held",
             metric_label("service", ref.service) + "," + metric_label("target", ref.target), service.held());
  for (const auto& [number, release] : service.releases()) {
    const auto labels = release_labels(ref, number);
    out.sample("mdl_replicas", "mdl_replicas", labels, release->healthy());
    for (const auto& [id, replica] : release->replicas()) {
      const auto own = labels + replica_label(id);
      out.sample("mdl_replica_cpu_seconds_total", "mdl_replica_cpu_seconds_total", own,
                 replica->usage().cpu_seconds);
      out.sample("mdl_replica_memory_bytes", "mdl_replica_memory_bytes", own,
                 static_cast<double>(replica->usage().memory_bytes));
    }
  }
}

}  // namespace

void metrics_report(Supervisor& supervisor, const Service& service, Milliseconds window, Milliseconds step,
                    std::function<void(Value)> done) {
  auto report = service.metrics().report(supervisor.clock().now(), window, step);
  std::vector<Source> sources;
  add_sources(sources, service, false);
  scrape(supervisor.loop(), sources,
         [report = std::move(report), done = std::move(done)](const auto& texts) mutable {
           auto own = Value::array();
           for (const auto& [labels, text] : texts)
             for (const auto& sample : parse_exposition(text))
               own.push(Value::object({{"name", sample.name},
                                       {"labels", joined_labels(labels, sample.labels)},
                                       {"value", sample.value}}));
           report.set("own", std::move(own));
           done(std::move(report));
         });
}

void prometheus(Supervisor& supervisor, std::function<void(std::string)> done) {
  auto out = std::make_shared<Exposition>();
  add_families(*out);
  std::vector<Source> sources;
  for (const auto& [key, service] : supervisor.services()) {
    add_service(*out, *service);
    add_sources(sources, *service, true);
  }
  scrape(supervisor.loop(), sources, [out, done = std::move(done)](const auto& texts) {
    for (const auto& [labels, text] : texts) out->merge(text, labels);
    done(out->text());
  });
}

}  // namespace mdl::local::supervisor
