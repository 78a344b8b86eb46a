#include "cli/commands/connecting.hpp"

namespace mdl::cli {

std::expected<Single, Report> select_one(const Context& context, const Arguments& arguments) {
  auto selection = select_single(context, arguments);
  if (!selection) return stop(std::move(selection).error());
  const manifest::Service service = selection->services.front();
  auto connection = connect(context, service.target);
  if (!connection) return stop(error_report(context, connection.error()));
  return Single{.selection = std::move(*selection),
                .service = service,
                .ref = ref_of(service),
                .connection = std::move(*connection)};
}

}  // namespace mdl::cli
