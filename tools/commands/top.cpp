// dividere top: what is there and how busy it is, live.
//
// SPDX-License-Identifier: MIT

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>

#include "../command.hpp"
#include "../survey.hpp"
#include "../thing.hpp"

// Last: it defines macros.
#include <ncurses.h>

namespace tool {

namespace {

struct TopOptions {
  double every = 1;
};

/// The terminal is as it was when this goes.
class Screen {
 public:
  Screen() {
    std::setlocale(LC_ALL, "");
    const bool isTerminal = ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO);
    if (!isTerminal || !newterm(nullptr, stdout, stdin))
      throw UsageError("top needs a terminal; tree and serve do not");
    cbreak();
    noecho();
    curs_set(0);
    timeout(0);
  }
  ~Screen() { endwin(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void line(int row, const std::string& text, bool isBold = false) {
    if (row >= LINES) return;
    if (isBold) attron(A_BOLD);
    mvaddnstr(row, 0, text.c_str(), COLS);
    if (isBold) attroff(A_BOLD);
  }
};

std::string column(const std::string& text, std::size_t width) {
  std::string cut = text.size() > width ? text.substr(0, width - 1) + "~" : text;
  for (char& c : cut) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';  // a peer's word must not steer the terminal
  }
  return cut + std::string(width - cut.size() + 1, ' ');
}

double of(const std::map<std::string, double>& figures, const char* name) {
  const auto found = figures.find(name);
  return found == figures.end() ? 0 : found->second;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 || value == 0 ? "%9.0f" : "%9.1f", value);
  return text;
}

std::string row(const Seen& seen) {
  return column(seen.address.name, 28) + column(seen.address.kind, 10) + column(processOf(seen), 30) +
         number(of(seen.rates, "received_messages")) + number(of(seen.rates, "sent_messages")) +
         number(of(seen.rates, "sent_bytes") / 1024) + number(of(seen.figures, "dropped_messages"));
}

void show(Screen& screen, std::vector<Seen> all, const std::string& problem) {
  std::stable_sort(all.begin(), all.end(), [](const Seen& a, const Seen& b) {
    return of(a.rates, "received_messages") + of(a.rates, "sent_messages") >
           of(b.rates, "received_messages") + of(b.rates, "sent_messages");
  });
  erase();
  screen.line(0, "dividere top: " + std::to_string(all.size()) + " registered  " + problem + "  (q ends)");
  screen.line(
      2, column("NAME", 28) + column("KIND", 10) + column("PROCESS", 30) + "     IN/S    OUT/S  KiB/S OUT  DROPPED",
      true);
  for (std::size_t i = 0; i < all.size() && static_cast<int>(i) + 3 < LINES; ++i) {
    screen.line(static_cast<int>(i) + 3, row(all[i]));
  }
  refresh();
}

/// Until a key is there, the time is over or the program is ended.
void pauseFor(double seconds) {
  pollfd waited[] = {{ended().descriptor(), POLLIN, 0}, {0, POLLIN, 0}};
  ::poll(waited, 2, static_cast<int>(seconds * 1000));
}

int top(const Common& common, const TopOptions& options) {
  if (!(options.every >= 0.1) || options.every > 3600) throw UsageError("--every must be 0.1 to 3600 seconds");
  Survey survey(common);
  Screen screen;
  while (!ended().isRaised()) {
    try {
      show(screen, survey.look("*", std::chrono::milliseconds(900)), "");
    } catch (const dividere::Error& error) {
      show(screen, {}, error.what());
    }
    pauseFor(options.every);
    if (getch() == 'q') break;
  }
  return kOk;
}

}  // namespace

void addTop(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<TopOptions>();
  addCommand(app, "top", "what is there and how busy it is, live", action,
             [&common, options] { return top(common, *options); })
      ->add_option("--every", options->every, "seconds between looks")
      ->capture_default_str();
}

}  // namespace tool
