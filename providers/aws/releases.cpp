#include <algorithm>

#include "core/util/text.hpp"
#include "providers/aws/parameters.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/records.hpp"

namespace mdl::aws {

namespace {

using release::Record;
using release::ServiceRef;

std::unexpected<Error> taken(const Record& record, const char* how) {
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = "release record " + std::to_string(record.number) + " " + how,
                    .resource = "record " + std::to_string(record.number)});
}

class AwsReleases final : public provider::Releases {
 public:
  explicit AwsReleases(SharedParts shared) : shared_(std::move(shared)) {}

  Result<std::vector<Record>> list(const ServiceRef& ref) override {
    const auto names = shared_->names(ref);
    MDL_TRY(const auto parameters, below(names.records));
    return records_from(names.records, parameters);
  }

  Result<Record> append(const ServiceRef& ref, const Record& record) override {
    MDL_TRY(const auto there, below(shared_->names(ref).records + "/" + std::to_string(record.number)));
    if (!there.empty()) return taken(record, "exists already");
    return write(ref, record, 1);
  }

  Result<Record> update(const ServiceRef& ref, const Record& record) override {
    const auto known = parse_integer(record.revision);
    if (!known) return taken(record, "was not read before it is changed");
    return write(ref, record, static_cast<int>(*known) + 1);
  }

  // Records first: parts without a record are nothing, a record without its parts could not be read.
  Result<void> erase(const ServiceRef& ref) override {
    const auto names = shared_->names(ref);
    MDL_TRY(const auto parameters, below(names.records));
    std::vector<std::string> own, parts;
    for (const auto& entry : parameters)
      (entry.first.starts_with(names.records + "/parts/") ? parts : own).push_back(entry.first);
    MDL_CHECK(remove(own));
    return remove(parts);
  }

 private:
  Result<Parameters> below(const std::string& path) { return parameters_below(*shared_->client, path, true); }
  Result<void> put(const std::string& name, const std::string& value, bool overwrite) {
    return put_parameter(*shared_->client, name, value, overwrite);
  }
  Result<void> remove(const std::vector<std::string>& names) {
    return delete_parameters(*shared_->client, names);
  }

  Result<Record> write(const ServiceRef& ref, const Record& record, int revision) {
    const auto path = shared_->names(ref).records;
    const auto written = parameters_of(path, record, revision);
    for (const auto& [name, text] : written.parts) MDL_CHECK(put(name, text, true));
    auto made = put(written.name, written.value, false);
    MDL_TRY(const auto now, below(path + "/" + std::to_string(record.number)));
    const auto there = now.find(written.name);
    // A lost answer leaves the very text behind; another's text means that it was first.
    const bool ours = there != now.end() && there->second == written.value;
    if (!made && !(made.error().kind != ErrorKind::denied && ours)) {
      if (made.error().kind == ErrorKind::conflict)
        return taken(record, revision == 1 ? "exists already" : "was changed meanwhile");
      return std::unexpected(std::move(made).error());
    }
    const auto revisions = revisions_in(path, record.number, now);
    // The one that this was made from is long gone, and later ones are there: nobody reads this one.
    if (!revisions.empty() && revisions.back() > revision) {
      MDL_CHECK(remove({written.name}));
      return taken(record, "was changed meanwhile");
    }
    std::vector<std::string> older;
    for (const int one : revisions)
      if (one < revision) older.push_back(record_name(path, record.number, one));
    // What is left over is passed over by readers and removed next time.
    (void)remove(older);
    Record stored = record;
    stored.revision = std::to_string(revision);
    return stored;
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Releases> make_releases(const SharedParts& shared) {
  return std::make_unique<AwsReleases>(shared);
}

}  // namespace mdl::aws
