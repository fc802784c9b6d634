#include "class_name.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <typeinfo>

#include "../service.hpp"

namespace dividere::detail {

// "ns::(anonymous namespace)::Calculator" is known as "ns.Calculator".
static std::string dottedTypeName(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                        std::free);
  std::string name = status == 0 && readable ? readable.get() : type.name();
  const auto replaceAll = [&](const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = name.find(what, at)) != std::string::npos; at += with.size()) {
      name.replace(at, what.size(), with);
    }
  };
  replaceAll("(anonymous namespace)::", "");
  replaceAll("::", ".");
  return name;
}

std::string classNameOf(const service::Service& service) {
#if defined(__cpp_rtti) || defined(__GXX_RTTI)
  // typeid would be undefined for a class that was compiled with -fno-rtti, though this was not: then there is nothing
  // where it looks, before the virtual table.
  const std::type_info* const* table;
  std::memcpy(&table, static_cast<const void*>(&service), sizeof table);
  const std::type_info* const type = table[-1];
  return !type || *type == typeid(service::Service) ? std::string() : dottedTypeName(*type);
#else
  static_cast<void>(service);
  return {};
#endif
}

}  // namespace dividere::detail
