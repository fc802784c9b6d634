#pragma once

// How every benchmark measures: ours and the baseline in turn, so that whatever else the machine does falls on both;
// medians; and rows of one table. Times as such mean little on a machine that others use. Ratios do.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

/// --quick: less of everything.
inline bool quick = false;

inline int rounds() { return quick ? 5 : 25; }

/// How long one turn of one side takes. Short, as what disturbs comes and goes within a second.
inline std::chrono::milliseconds turn() { return std::chrono::milliseconds(10); }

/// A benchmark that does not do its work ends with these words.
inline void require(bool met, const std::string& what) {
  if (!met) throw std::runtime_error(what);
}

inline double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The value below which this part (0 to 1) of the others lie.
inline double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(last * part + 0.5);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

inline double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

// --- Ours and the baseline ---

/// What both sides yielded, turn by turn.
template <class Figure>
struct Turns {
  std::vector<Figure> ours, bare;

  void append(const Turns& more) {
    ours.insert(ours.end(), more.ours.begin(), more.ours.end());
    bare.insert(bare.end(), more.bare.begin(), more.bare.end());
  }
};

/// Does the whole a few times, with processes and sockets made anew: which of them the system happens to place beside
/// what else is busy stays so for seconds, and would make the figure.
template <class Act>
auto inActs(const Act& act) {
  auto all = act();
  for (int i = 1; i < (quick ? 2 : 5); ++i) all.append(act());
  return all;
}

/// Calls both as many times, after once each to warm up: A B, B A, A B ...
template <class Ours, class Bare>
auto interleave(int count, const Ours& ours, const Bare& bare) {
  Turns<decltype(ours())> turns;
  ours();
  bare();
  for (int i = 0; i < count; ++i) {
    if (i % 2 == 0) turns.ours.push_back(ours());
    turns.bare.push_back(bare());
    if (i % 2 == 1) turns.ours.push_back(ours());
  }
  return turns;
}

/// The medians, and the median of the ratios of neighbouring turns, which is not quite the ratio of the medians.
struct Compared {
  double ours = 0, bare = 0, ratio = 0;
};

template <class Figure, class Number>
Compared compare(const Turns<Figure>& turns, const Number& number) {
  std::vector<double> ours, bare, ratios;
  for (std::size_t i = 0; i < turns.ours.size(); ++i) {
    ours.push_back(number(turns.ours[i]));
    bare.push_back(number(turns.bare[i]));
    ratios.push_back(ours.back() / bare.back());
  }
  return {median(ours), median(bare), median(ratios)};
}

inline Compared compare(const Turns<double>& turns) {
  return compare(turns, [](double figure) { return figure; });
}

// --- Turns of a kind ---

/// Does `once` over and over for one turn; how many times a second.
template <class Once>
double rateOf(const Once& once) {
  const auto start = Clock::now();
  const auto end = start + turn();
  double count = 0;
  do {
    once();
    ++count;
  } while (Clock::now() < end);
  return count / secondsSince(start);
}

/// Keeps `window` requests under way, one `receive` for each `send`; replies a second.
template <class Send, class Receive>
double windowed(int window, const Send& send, const Receive& receive) {
  for (int i = 0; i < window; ++i) send();
  const double rate = rateOf([&] {
    receive();
    send();
  });
  for (int i = 0; i < window; ++i) receive();
  return rate;
}

// --- Single times ---

/// What each took, in microseconds.
struct Times {
  std::vector<double> ours, bare;

  /// At this part of them (0.5: the median).
  Compared at(double part) const {
    const double our = percentile(ours, part), bares = percentile(bare, part);
    return {our, bares, our / bares};
  }

  void append(const Times& more) {
    ours.insert(ours.end(), more.ours.begin(), more.ours.end());
    bare.insert(bare.end(), more.bare.begin(), more.bare.end());
  }
};

/// Does one and the other over and over, changing over every other millisecond: whatever disturbs both disturbs them alike.
template <class Ours, class Bare>
Times interleaveTimes(const Ours& ours, const Bare& bare) {
  Times times;
  const auto slice = [](const auto& once, std::vector<double>& kept) {
    auto before = Clock::now();
    for (const auto end = before + std::chrono::milliseconds(2); before < end;) {
      once();
      const auto after = Clock::now();
      kept.push_back(std::chrono::duration<double, std::micro>(after - before).count());
      before = after;
    }
  };
  ours();
  bare();
  for (int i = 0; i < 8 * rounds(); ++i) {
    slice(ours, times.ours);
    slice(bare, times.bare);
  }
  return times;
}

// --- Rows ---

/// What a ratio should reach, as issues and README state it.
struct Reach {
  enum Kind { none, atMost, atLeast } kind = none;
  double limit = 0;
};
inline Reach atMost(double limit) { return {Reach::atMost, limit}; }
inline Reach atLeast(double limit) { return {Reach::atLeast, limit}; }

inline std::string shown(double figure) {
  char text[32];
  const double size = figure < 0 ? -figure : figure;
  std::snprintf(text, sizeof text, size >= 1000 ? "%.0f" : size >= 10 ? "%.1f" : "%.3f", figure);
  return text;
}

/// work,unit,ours,baseline,ratio,reach,reached
inline void printRow(const std::string& work, const std::string& unit, const std::string& ours, const std::string& bare,
                     const std::string& ratio, const std::string& reach, const std::string& reached) {
  std::printf("%s,%s,%s,%s,%s,%s,%s\n", work.c_str(), unit.c_str(), ours.c_str(), bare.c_str(), ratio.c_str(),
              reach.c_str(), reached.c_str());
  std::fflush(stdout);
}

inline void row(const std::string& work, const std::string& unit, const Compared& figures, Reach reach = {}) {
  char ratio[32], limit[32] = "";
  std::snprintf(ratio, sizeof ratio, "%.2f", figures.ratio);
  const char* reached = "";
  if (reach.kind != Reach::none) {
    const bool most = reach.kind == Reach::atMost;
    std::snprintf(limit, sizeof limit, "%s %.2f", most ? "<=" : ">=", reach.limit);
    // As printed: 1.054 is 1.05.
    const double rounded = std::strtod(ratio, nullptr);
    reached = (most ? rounded <= reach.limit : rounded >= reach.limit) ? "yes" : "no";
  }
  printRow(work, unit, shown(figures.ours), shown(figures.bare), ratio, limit, reached);
}

/// Without a baseline.
inline void row(const std::string& work, const std::string& unit, double figure) {
  printRow(work, unit, shown(figure), "", "", "", "");
}

/// Without a baseline, but with a limit of its own.
inline void row(const std::string& work, const std::string& unit, double figure, double limit) {
  printRow(work, unit, shown(figure), "", "", "< " + shown(limit), figure < limit ? "yes" : "no");
}

}  // namespace bench
