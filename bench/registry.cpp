// How looking a name up, and the memory of the registry, grow with the services it knows: against one that knows a
// single one.

#include <dividere.hpp>

#include "process.hpp"

namespace bench {

using namespace dividere;

void serve(const Arguments&) {
  registry::ServerOptions anywhere;
  anywhere.port = 0;
  registry::Server server(anywhere);
  tell(std::to_string(server.port()));
  for (std::string text; heard(text);) {
  }
}

/// A registry in a process of its own, and a client of it.
class Known {
 public:
  explicit Known(std::size_t services)
      : services_(services), client_("127.0.0.1", static_cast<std::uint16_t>(server_.number())) {
    client_.lookupService("none");
    const double before = residentKiB(server_.pid());
    for (std::size_t i = 0; i < services; ++i) client_.registerService(nameOf(i), 5100);
    bytesEach_ = (residentKiB(server_.pid()) - before) * 1024 / static_cast<double>(services);
  }

  double rate() {
    return rateOf([this] {
      next_ = (next_ + 7919) % services_;  // a prime: far from the one before
      if (!client_.lookupService(nameOf(next_))) throw std::runtime_error("a service that is not known");
    });
  }

  double bytesEach() const { return bytesEach_; }

 private:
  static std::string nameOf(std::size_t i) { return "bench.service." + std::to_string(i); }

  const std::size_t services_;
  Child server_{{"server"}};
  registry::Client client_;
  double bytesEach_ = 0;
  std::size_t next_ = 0;
};

void measure() {
  Known single(1);
  for (const std::size_t services : {100u, 1000u, 10000u}) {
    Known known(services);
    const auto turns = interleave(
        rounds(), [&] { return known.rate(); }, [&] { return single.rate(); });
    const std::string name = "registry that knows " + std::to_string(services);
    row(name, "look-ups/s", compare(turns));
    row(name + ": memory of each", "bytes", known.bytesEach());
  }
}

}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv, {{"server", bench::serve}}, bench::measure); }
