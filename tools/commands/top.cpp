// dividere top: what is there and how busy it is, live.
//
// SPDX-License-Identifier: MIT

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>

#include "../command.hpp"
#include "../statistic_name.hpp"
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

std::string count(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%9.0f", value);
  return text;
}

/// Messages that a publisher had no room for, or that a subscriber has not got.
double lost(const Seen& seen) { return of(seen.figures, "dropped_messages") + of(seen.figures, "missed_messages"); }

/// Requests that wait, at a service or a broker.
double waiting(const Seen& seen) { return std::max(of(seen.figures, "waiting_requests"), of(seen.figures, "waiting")); }

std::string row(const Seen& seen) {
  return column(seen.address.name, 28) + column(seen.address.kind, 10) + column(processOf(seen), 30) +
         number(of(seen.rates, "received_messages")) + number(of(seen.rates, "sent_messages")) +
         number(of(seen.rates, "sent_bytes") / 1024) + count(lost(seen)) + count(waiting(seen));
}

/// Since the last look where there were any, else in its life.
std::vector<std::string> handlerRows(const Seen& seen) {
  std::map<std::string, HandlerFigures> lately;
  for (auto& handler : handlersOf(seen.rates)) lately[handler.handles] = handler;
  std::vector<std::string> rows;
  for (const auto& handler : handlersOf(seen.figures)) {
    const auto now = lately.find(handler.handles);
    const auto& shown = now == lately.end() ? handler : now->second;
    rows.push_back(column("  " + handler.handles, 40) + number(now == lately.end() ? 0 : shown.messages) + "/s  " +
                   shownMicroseconds(shown.meanUs()) + " each");
  }
  return rows;
}

void show(Screen& screen, std::vector<Seen> all, const std::string& problem) {
  std::stable_sort(all.begin(), all.end(), [](const Seen& a, const Seen& b) {
    return of(a.rates, "received_messages") + of(a.rates, "sent_messages") >
           of(b.rates, "received_messages") + of(b.rates, "sent_messages");
  });
  erase();
  screen.line(0, "dividere top: " + std::to_string(all.size()) + " registered  " + problem + "  (q ends)");
  screen.line(2,
              column("NAME", 28) + column("KIND", 10) + column("PROCESS", 30) +
                  "     IN/S    OUT/S  KiB/S OUT    LOST    QUEUE",
              true);
  int at = 3;
  for (const auto& seen : all) {
    if (at >= LINES) break;
    screen.line(at++, row(seen));
    for (const auto& handler : handlerRows(seen)) screen.line(at++, handler);
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
