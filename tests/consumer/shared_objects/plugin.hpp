#pragma once

#include <string>

/// What a shared object with a dividere of its own offers to the program that loads it.
class Plugin {
 public:
  virtual ~Plugin() = default;

  /// Where it replies to each Greeting with its name.
  virtual std::string endpoint() const = 0;

  /// What comes back from there.
  virtual std::string ask(const std::string& endpoint) const = 0;
};

extern "C" __attribute__((visibility("default"))) Plugin* makePlugin(const char* name);
