#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstring>
#include <string_view>

#include "providers/local/gateway/asio.hpp"
#include "providers/local/gateway/buffer.hpp"

namespace mdl::local::gateway {

namespace http = boost::beast::http;

// A Beast body that names the bytes where they are instead of copying them: its value is the piece that the
// last put() of the parser found.
struct ViewBody {
  using value_type = std::string_view;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& piece) : piece_(piece) {}
    template <class Length>
    void init(const Length&, error_code& ec) {
      ec = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& ec) {
      const asio::const_buffer piece = *asio::buffer_sequence_begin(buffers);
      piece_ = {static_cast<const char*>(piece.data()), piece.size()};
      ec = {};
      return piece.size();
    }
    void finish(error_code& ec) { ec = {}; }

   private:
    value_type& piece_;
  };
};

using RequestParser = http::request_parser<ViewBody>;
using ResponseParser = http::response_parser<ViewBody>;

// What of a body is in the buffer now, decoded.
struct BodyPiece {
  std::string_view data;  // valid until the buffer is read into again
  bool bad = false;       // broken framing
};

// Takes all of the body that `in` holds, many chunks as one piece. The parser must be past the header.
template <class Parser>
BodyPiece take_piece(Parser& parser, Buffer& in) {
  BodyPiece piece;
  char* end = nullptr;  // of the decoded bytes; decoding only shortens, so they are moved together in place
  while (!in.empty() && !parser.is_done()) {
    parser.get().body() = {};
    error_code ec;
    in.consume(parser.put(asio::const_buffer(in.data(), in.size()), ec));
    const std::string_view found = parser.get().body();
    if (!found.empty()) {
      if (end == nullptr) {
        piece.data = found;
        end = const_cast<char*>(found.data()) + found.size();
      } else {
        std::memmove(end, found.data(), found.size());
        end += found.size();
        piece.data = {piece.data.data(), piece.data.size() + found.size()};
      }
    }
    if (ec == http::error::need_more) break;
    if (ec) {
      piece.bad = true;
      break;
    }
  }
  return piece;
}

}  // namespace mdl::local::gateway
