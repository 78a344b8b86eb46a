#include "providers/local/supervisor/api_call.hpp"

namespace mdl::local::supervisor {

ApiResponse json_response(int status, const Value& body) { return {.status = status, .body = dump(body)}; }

ApiResponse error_response(int status, std::string_view code, std::string_view message) {
  return json_response(status, Value::object({{"code", code}, {"message", message}}));
}

int status_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::denied:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::refused:
      return 422;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::timeout:
      return 504;
    default:
      return 500;
  }
}

Value error_body(const Error& error) {
  auto body = Value::object({{"code", std::string(to_string(error.kind))}, {"message", error.message}});
  if (!error.code.empty()) body.set("reason", error.code);
  if (!error.quoted.empty()) body.set("quoted", error.quoted);
  if (!error.resource.empty()) body.set("resource", error.resource);
  if (!error.lines.empty()) body.set("lines", Value(error.lines));
  if (!error.next.empty()) body.set("next", Value(error.next));
  return body;
}

// A lost race also tells who won.
ApiResponse Api::failed(const Call& call, const Error& error) {
  auto body = error_body(error);
  if (error.kind == ErrorKind::conflict) {
    const auto row = supervisor_.state().read(call.ref);
    const auto live = row && *row ? (*row)->live_release() : 0;
    if (row && *row) body.set("live", live_value(**row));
    const auto records = supervisor_.state().records(call.ref);
    for (const auto& record : records ? *records : Value::Array()) {
      const auto runs = record["runs"].as_integer(record["number"].as_integer());
      if (live == 0 || runs != live) continue;
      body.set("record", record);
      break;
    }
  }
  if (error.kind != ErrorKind::conflict && error.kind != ErrorKind::not_found)
    supervisor_.log().warning(call.request.method + " " + call.request.target + ": " + error.message + " " +
                              error.quoted);
  return json_response(status_of(error), body);
}

// Answers after a change of the state, and acts on it.
ApiResponse Api::changed(const Call& call, Result<void> result) {
  if (!result) return failed(call, result.error());
  if (auto applied = supervisor_.reconcile(call.ref); !applied) return failed(call, applied.error());
  return json_response(200, Value::object());
}

// The port is listened on before the row is written: a port that is taken then changes nothing.
ApiResponse Api::put_gateway(const Call& call) {
  auto& state = supervisor_.state();
  if (auto held = state.check_fence(call.ref, call.fence); !held) return failed(call, held.error());
  auto& service = supervisor_.require(call.ref);
  const auto before = service.port();
  const auto port = service.listen(static_cast<int>(call.body["spec"]["port"].as_integer()));
  auto stored = port ? state.put_gateway(call.ref, call.fence, call.body["spec"], *port)
                     : Result<void>(std::unexpected(port.error()));
  if (!stored) {
    if (port && before != 0) static_cast<void>(service.listen(before));
    supervisor_.release_unused(call.ref);
  }
  return changed(call, std::move(stored));
}

// A swap, or the rest of what is live.
ApiResponse Api::put_live(const Call& call) {
  const auto &split = call.body["split"], &room_for = call.body["room_for"];
  const bool rests = call.is("POST");
  if (!call.body["expected"].is_string() || (rests ? room_for.as_integer() < 1 : !split.is_array()))
    return error_response(
        400, "invalid",
        rests ? "a rest needs 'expected' and 'room_for'" : "a swap needs 'expected' and 'split'");
  const auto& expected = call.body["expected"].as_string();
  auto& state = supervisor_.state();
  if (auto moved = rests ? state.rest(call.ref, expected, static_cast<int>(room_for.as_integer()))
                         : state.swap(call.ref, expected, split);
      !moved)
    return failed(call, moved.error());
  if (auto applied = supervisor_.reconcile(call.ref); !applied) return failed(call, applied.error());
  return json_response(200, Value::object({{"live", live_value(supervisor_.require(call.ref).row())}}));
}

ApiResponse Api::put_secrets(const Call& call) {
  auto& state = supervisor_.state();
  auto transaction = state.begin();
  if (!transaction) return failed(call, transaction.error());
  for (const auto& secret : call.body["secrets"].as_array()) {
    if (secret["name"].as_string().empty()) return error_response(400, "invalid", "a secret needs a name");
    const auto kept = state.keep_secret(call.ref, {secret["name"].as_string(), secret["version"].as_string()},
                                        secret["value"].as_string());
    if (!kept) return failed(call, kept.error());
  }
  return changed(call, transaction->commit());
}

ApiResponse Api::get_secrets(const Call& call) {
  const auto ids = supervisor_.state().secrets(call.ref);
  if (!ids) return failed(call, ids.error());
  auto list = Value::array();
  for (const auto& id : *ids) list.push(Value::object({{"name", id.name}, {"version", id.version}}));
  return json_response(200, Value::object({{"secrets", std::move(list)}}));
}

}  // namespace mdl::local::supervisor
