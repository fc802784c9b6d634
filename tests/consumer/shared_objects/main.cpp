// Two shared objects, each with a dividere of its own: main <one> <other>. They exchange messages, and are loaded and
// unloaded in any order, also while the other goes on.

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "plugin.hpp"

namespace {

class Loaded {
 public:
  Loaded(const char* path, int visible) : object_(::dlopen(path, RTLD_NOW | visible)) {
    if (!object_) {
      std::puts(::dlerror());
      std::exit(1);
    }
    const auto make = reinterpret_cast<decltype(&makePlugin)>(::dlsym(object_, "makePlugin"));
    plugin_.reset(make(path));
  }
  ~Loaded() {
    plugin_.reset();
    ::dlclose(object_);
  }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  const Plugin& operator*() const { return *plugin_; }

 private:
  void* const object_;
  std::unique_ptr<Plugin> plugin_;
};

// In a thread of its own: a shared object stays loaded as long as there is a thread that has its thread_locals.
void exchange(const Plugin& asks, const Plugin& answers, const std::string& name) {
  std::string answer;
  std::thread([&] { answer = asks.ask(answers.endpoint()); }).join();
  if (answer == name) return;
  std::printf("no answer from %s\n", name.c_str());
  std::exit(1);
}

void loadAndUnload(const char* one, const char* other, int visible) {
  Loaded second(other, visible);
  {
    const Loaded first(one, visible);
    exchange(*first, *second, other);
    exchange(*second, *first, one);
  }
  exchange(*second, *second, other);
}

}  // namespace

int main(int, char** arguments) {
  const char *one = arguments[1], *other = arguments[2];
  for (const int visible : {RTLD_LOCAL, RTLD_GLOBAL}) {
    loadAndUnload(one, other, visible);
    loadAndUnload(other, one, visible);
  }
  std::puts("two shared objects exchange messages");
}
