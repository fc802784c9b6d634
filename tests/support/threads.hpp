#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace support {

/// How many threads of this process have this name; all of them if it is empty.
inline int threads(const std::string& name = "") {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string its;
    std::getline(std::ifstream(task.path() / "comm"), its);
    if (name.empty() || its == name) ++count;
  }
  return count;
}

}  // namespace support
