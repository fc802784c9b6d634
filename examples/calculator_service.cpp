// A service, to be left running: calculator_service [--registry-port N]
//
// It takes a port of its own and registers as "demo.Calculator", the name of its class; callers need no more than that
// name. Any number of them may run, on any machines. Ends with Ctrl-C.

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dividere.hpp>
#include <iostream>
#include <stdexcept>

#include "calculator.pb.h"

namespace demo {

class Calculator : public dividere::service::Service {
 public:
  explicit Calculator(const dividere::service::ServiceOptions& options) : Service(options) { on(&Calculator::divide); }
  ~Calculator() override { stop(); }

  Quotient divide(const Divide& request) {
    if (request.divisor() == 0) throw std::domain_error("division by zero");  // the caller is told
    Quotient quotient;
    quotient.set_value(request.dividend() / request.divisor());
    return quotient;
  }
};

}  // namespace demo

int main(int argc, char** argv) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  dividere::service::ServiceOptions options;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--registry-port") == 0) {
      options.registries = {{"localhost", static_cast<std::uint16_t>(std::atoi(argv[i + 1]))}};
    }
  }
  demo::Calculator calculator(options);
  calculator.start();  // a registry that is not there yet is waited for in the background
  std::cout << calculator.name() << " at port " << calculator.port() << std::endl;
  int signal;
  sigwait(&ending, &signal);
}
