#include "providers/aws/bucket.hpp"

#include "core/util/base64.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"

namespace mdl::aws {

namespace {

constexpr std::uint64_t largest = 300u << 20;  // more Lambda does not unpack

class Bucket {
 public:
  Bucket(Shared& shared, std::string account)
      : client_(*shared.client),
        account_(std::move(account)),
        name_(bucket_name(account_, client_.region())) {}

  const std::string& name() const { return name_; }

  // Where it may not list the bucket, S3 says 403 of an object that is absent: then it is sent once more.
  Result<bool> holds(const std::string& key) {
    const auto answer =
        client_.s3({.operation = "HeadObject", .method = "HEAD", .path = path(key), .headers = {owner()}});
    if (answer) return true;
    const auto kind = answer.error().kind;
    if (kind == ErrorKind::not_found || kind == ErrorKind::denied) return false;
    return std::unexpected(answer.error());
  }

  Result<void> put(const std::string& key, const std::string& bytes) {
    const auto answer = client_.s3({.operation = "PutObject",
                                    .method = "PUT",
                                    .path = path(key),
                                    .headers = {owner(), {"Content-Type", "application/zip"}},
                                    .body = bytes,
                                    .timeout = Milliseconds{900'000}});
    if (answer) return {};
    return std::unexpected(answer.error());
  }

  Result<void> make() {
    MDL_CHECK(create());
    MDL_CHECK(
        configure("PutPublicAccessBlock", "publicAccessBlock",
                  "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                  "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
                  "<BlockPublicPolicy>true</BlockPublicPolicy>"
                  "<RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"));
    return configure("PutBucketLifecycleConfiguration", "lifecycle",
                     "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>"
                     "<ID>mdl</ID><Filter><Prefix>zips/</Prefix></Filter><Status>Enabled</Status>"
                     "<Expiration><Days>" +
                         std::to_string(zip_days) + "</Days></Expiration></Rule></LifecycleConfiguration>");
  }

 private:
  std::string path(const std::string& key) const { return "/" + name_ + "/" + key; }
  std::pair<std::string, std::string> owner() const { return {"x-amz-expected-bucket-owner", account_}; }

  Result<void> create() {
    const auto& region = client_.region();
    const auto body = region == "us-east-1"
                          ? std::string(
                                "<CreateBucketConfiguration "
                                "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>")
                          : "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                            "<LocationConstraint>" +
                                region + "</LocationConstraint></CreateBucketConfiguration>";
    auto made = client_.s3({.operation = "CreateBucket", .method = "PUT", .path = "/" + name_, .body = body});
    if (made || made.error().code == "BucketAlreadyOwnedByYou") return {};
    auto error = std::move(made).error();
    if (error.code == "BucketAlreadyExists") {
      error.kind = ErrorKind::refused;
      error.message = "the bucket's name is taken by another account; nothing is sent there";
    }
    error.resource = "bucket " + name_;
    return fail(std::move(error));
  }

  Result<void> configure(const char* operation, const char* part, const std::string& body) {
    const auto answer = client_.s3({.operation = operation,
                                    .method = "PUT",
                                    .path = "/" + name_,
                                    .query = {{part, ""}},
                                    .headers = {owner(),
                                                {"x-amz-sdk-checksum-algorithm", "SHA256"},
                                                {"x-amz-checksum-sha256", base64(*from_hex(sha256(body)))}},
                                    .body = body});
    if (answer) return {};
    return std::unexpected(answer.error());
  }

  Client& client_;
  std::string account_, name_;
};

}  // namespace

std::string bucket_name(const std::string& account, const std::string& region) {
  return "mdl-" + account + "-" + region;
}

std::string object_key(const oci::Zip& zip) { return "zips/" + zip.sha256 + ".zip"; }

Result<void> upload(Shared& shared, Uploaded& zip, const provider::OnProgress& progress) {
  MDL_TRY(const auto caller, shared.client->query(Service::sts, "GetCallerIdentity", {}, true));
  Bucket bucket(shared, caller.text_of("Account"));
  const auto key = object_key(zip.zip);
  MDL_TRY(const bool there, bucket.holds(key));
  if (!there) {
    if (progress) progress({.what = "upload to s3://" + bucket.name(), .total = zip.zip.bytes});
    MDL_TRY(const auto bytes, read_file(zip.zip.path, largest));
    auto put = bucket.put(key, bytes);
    if (!put && put.error().code == "NoSuchBucket") {
      MDL_CHECK(bucket.make());
      put = bucket.put(key, bytes);
    }
    MDL_CHECK(std::move(put));
  }
  zip.bucket = bucket.name();
  zip.key = key;
  return {};
}

}  // namespace mdl::aws
