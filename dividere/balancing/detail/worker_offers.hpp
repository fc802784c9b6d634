#pragma once

// What typed workers say that they handle: told by them, and kept by their broker for those who ask it.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../messaging/detail/type_book.hpp"
#include "../../reactor/detail/handler_table.hpp"

namespace dividere::detail {

/// A Description of methods and types alone, encoded: the same bytes of all workers that handle the same.
using WorkerOffer = std::shared_ptr<const std::string>;

/// What a worker sends: a Description, enveloped.
std::string writeOffer(const HandlerTable& handlers);

/// The offers that are held by a worker, each once.
class WorkerOffers {
 public:
  /// What came from a worker. Null: it is no offer, or there is no room for it.
  WorkerOffer keep(std::string_view envelope);

  /// Adds the methods that workers have now, and their types to `types`, which has no others.
  void describe(Description& description, TypeBook& types);

 private:
  std::vector<WorkerOffer> held();
  void merge(const std::vector<WorkerOffer>& offers, TypeBook& types);

  std::vector<std::weak_ptr<const std::string>> offers_;
  std::size_t merged_ = 0;  // so many are in methods_
  bool isNew_ = false;      // and there is another one
  std::vector<Description::Method> methods_;
};

}  // namespace dividere::detail
