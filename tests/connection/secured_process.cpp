// A program without a word about keys, or with one: it tells what becomes of its sockets.
#include <dividere.hpp>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  try {
    if (what == "late") {
      const dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
      dividere::secure(argv[2]);
    }
    if (what == "secure") dividere::secure(argv[2]);
    dividere::connection::Response response("tcp://127.0.0.1:*");
    std::printf("%u\n", response.port());
    std::fflush(stdout);
    const auto request = response.recv(std::chrono::seconds(30));
    if (request) response.send("got " + *request);
    dividere::connection::Request other("inproc://exempt");  // whose end waits until the reply is sent
    std::printf("%s\n", request ? "served" : "nobody came");
  } catch (const dividere::Error& error) {
    std::printf("%s\n", error.what());
  }
}
