#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

// Prometheus' text format, version 0.0.4.
namespace mdl::local::supervisor {

struct MetricSample {
  std::string name, labels;  // labels without braces: code="200",le="0.5"
  double value = 0;
};
// The samples of a text; lines that are none, or whose names or labels are malformed, are left out.
std::vector<MetricSample> parse_exposition(std::string_view text);

// name="value", with the value escaped.
std::string metric_label(std::string_view name, std::string_view value);

// Ours, then theirs; one of theirs whose name ours have already becomes exported_<name>, as in Prometheus.
std::string joined_labels(const std::string& ours, const std::string& theirs);

// Builds one text from several, each family once with all its samples together.
class Exposition {
 public:
  void family(const std::string& name, const char* type, const std::string& help);
  void sample(const std::string& family, const std::string& name, const std::string& labels, double value);
  // The samples of another text, with `labels` added to theirs. Families that are named like our own are left
  // out, and one that two texts give different types gets none.
  void merge(std::string_view text, const std::string& labels);
  std::string text() const;

 private:
  struct Family {
    std::string help, type;
    std::vector<std::string> samples;
  };
  Family& at(const std::string& name);
  void comment(std::string_view content, std::string& current);
  std::vector<std::string> order_;
  std::map<std::string, Family> families_;
};

}  // namespace mdl::local::supervisor
