#pragma once

// Handlers against the `service` block of a .proto.

#include <string>

#include "../../reactor/detail/handler_table.hpp"

namespace dividere::detail {

/// Binds the methods of the service of this full name, as the program's generated code describes it, to their handlers:
/// those of on("Method", ...), else the one for the type, where one method alone takes that. A request that names such a
/// method is then handled, and so is one that names none, if its type belongs to one method alone. Replies of another type
/// than the method returns become errors.
///
/// Throws Error{unknownType} that names all that is missing, and Error{wrongType} if it is types alone. Before seal().
void implementService(HandlerTable& handlers, const std::string& service);

}  // namespace dividere::detail
