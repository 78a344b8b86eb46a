#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using release::Record;
using release::ServiceRef;

// The precondition token travels beside the record's own members.
Result<Record> record_of(Value value) {
  auto revision = value["revision"].as_string();
  value.erase("revision");
  MDL_TRY(auto record, release::record_from(value));
  record.revision = std::move(revision);
  return record;
}

class LocalReleases final : public provider::Releases {
 public:
  explicit LocalReleases(SharedClient client) : client_(std::move(client)) {}

  Result<std::vector<Record>> list(const ServiceRef& ref) override {
    MDL_TRY(const auto answer, client_->read(service_path(ref, "/records")));
    std::vector<Record> records;
    if (!answer) return records;
    for (const auto& item : (*answer)["records"].as_array()) {
      MDL_TRY(auto record, record_of(item));
      records.push_back(std::move(record));
    }
    return records;
  }

  Result<Record> append(const ServiceRef& ref, const Record& record) override {
    MDL_TRY(auto answer, client_->write("POST", service_path(ref, "/records"), release::to_value(record)));
    return record_of(std::move(answer));
  }

  Result<Record> update(const ServiceRef& ref, const Record& record) override {
    const auto path = service_path(ref, "/records/" + std::to_string(record.number));
    MDL_TRY(auto answer,
            client_->write("PUT", path, release::to_value(record), {{"If-Match", record.revision}}));
    return record_of(std::move(answer));
  }

  Result<void> erase(const ServiceRef& ref) override {
    auto answer = client_->write("DELETE", service_path(ref, "/records"), {});
    if (!answer && answer.error().kind != ErrorKind::not_found) return fail(std::move(answer).error());
    return {};
  }

 private:
  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Releases> make_releases(const SharedClient& client) {
  return std::make_unique<LocalReleases>(client);
}

}  // namespace mdl::local
