// A program built with the header of dividere 0.1, as it was then: it knows nothing of what came later. Plays a role as the
// Python peers do (interop/peers/talk.py): a verb and its arguments come in, words go out.
#define DIVIDERE_IMPLEMENTATION
#include <google/protobuf/text_format.h>

#include <dividere.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "golden.pb.h"

namespace {

using Words = std::vector<std::string>;
constexpr std::chrono::seconds kLimit(60);

void say(const std::string& words) { std::cout << words << std::endl; }

bool heard(Words& words) {
  std::string line;
  if (!std::getline(std::cin, line)) return false;
  words.clear();
  std::istringstream rest(line);
  for (std::string word; std::getline(rest, word, '\t');) words.push_back(word);
  return true;
}

void tellOf(const google::protobuf::Message* message) {
  if (!message) return say("nothing");
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  if (!printer.PrintToString(*message, &text)) throw std::runtime_error("not printed: " + text);
  if (!text.empty() && text.back() == ' ') text.pop_back();
  say(std::string(message->GetDescriptor()->full_name()) + "\t" + text);
}

void subscribe(const std::string& endpoint, const Words& types) {
  dividere::messaging::Subscriber subscriber(endpoint, types);
  say("ready");
  for (Words words; heard(words);) tellOf(subscriber.recv(kLimit).get());
}

void publish() {
  dividere::messaging::Publisher publisher("tcp://*:*");
  say("ready\t" + std::to_string(publisher.port()));
  for (Words words; heard(words);) {
    if (words[0] == "await") {
      say(publisher.waitForSubscribers(std::stoul(words[1]), kLimit) ? "there" : "missing");
    } else {
      Msg02 message;
      if (google::protobuf::TextFormat::ParseFromString(words[1], &message)) publisher.send(message);
      say("done");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Words arguments(argv + 1, argv + argc);
  if (arguments[0] == "subscriber") {
    subscribe(arguments[1], {arguments.begin() + 2, arguments.end()});
  } else {
    publish();
  }
}
