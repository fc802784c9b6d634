#pragma once

// What a service is called that is given no name.

#include <string>

namespace dividere::service {
class Service;
}

namespace dividere::detail {

/// The name of its derived class, with its namespaces and dots between; empty for a plain Service, and without RTTI.
std::string classNameOf(const service::Service& service);

}  // namespace dividere::detail
