// Calls a service by its name: calculator_client [--registry-port N]
//
// Without --registry-port it starts what it needs, a registry_server and a calculator_service, as processes of their
// own.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "calculator.pb.h"

using namespace std::chrono_literals;

// A program beside this one, running until this object ends; line() is the first that it prints.
class Process {
 public:
  Process(const std::string& name, const std::string& option, const std::string& value) {
    int output[2];
    if (pipe(output) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(output[1], STDOUT_FILENO);
      char self[4096] = "";
      if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) _exit(1);
      const std::string path = std::string(self, strrchr(self, '/') + 1) + name;
      execl(path.c_str(), name.c_str(), option.c_str(), value.c_str(), nullptr);
      _exit(1);
    }
    close(output[1]);
    for (char c; read(output[0], &c, 1) == 1 && c != '\n';) line_ += c;
    close(output[0]);
  }
  ~Process() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  const std::string& line() const { return line_; }

 private:
  pid_t pid_;
  std::string line_;
};

void divide(dividere::service::Client& calculator, double dividend, double divisor) try {
  demo::Divide request;
  request.set_dividend(dividend);
  request.set_divisor(divisor);
  std::cout << dividend << " / " << divisor << " = ";
  const auto quotient = calculator.call<demo::Quotient>(request, 5s);
  std::cout << (quotient ? std::to_string(quotient->value()) : "no answer in time") << "\n";
} catch (const dividere::Error& error) {  // no such service, no registry, or the handler failed
  std::cout << (error.code() == dividere::Errc::handlerFailed ? "the handler failed" : error.what()) << "\n";
}

void useCalculator(const std::string& registryPort) {
  dividere::service::ClientOptions options;
  options.registries = {{"localhost", static_cast<std::uint16_t>(std::stoi(registryPort))}};
  dividere::service::Client calculator("demo.Calculator", options);
  divide(calculator, 1, 3);
  divide(calculator, 22, 7);
  divide(calculator, 1, 0);
}

int main(int argc, char** argv) {
  if (argc == 3) {
    useCalculator(argv[2]);
    return 0;
  }
  const Process registry("registry_server", "--port", "0");
  const std::string port = registry.line().substr(registry.line().rfind(' ') + 1);
  const Process service("calculator_service", "--registry-port", port);
  std::cout << "a process has " << service.line().substr(0, service.line().find(' ')) << "\n";
  useCalculator(port);
}
