// dividere completion, dividere man: what --help says, for bash and for man(1).
//
// SPDX-License-Identifier: MIT

#include <iostream>

#include "../command.hpp"

namespace tool {

namespace {

std::vector<const CLI::App*> commandsOf(const CLI::App& app) {
  return app.get_subcommands(
      [](const CLI::App* command) { return !command->get_name().empty() && !command->get_group().empty(); });
}

std::string optionWords(const CLI::App& app) {
  std::string words;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words += " --" + name;
  }
  return words;
}

int complete(const CLI::App& app) {
  std::string names;
  for (const auto* command : commandsOf(app)) names += " " + command->get_name();
  std::cout << "# bash completion of dividere\n"
            << "_dividere() {\n"
            << "  local word=${COMP_WORDS[COMP_CWORD]} command= i\n"
            << "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
            << "    case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n"
            << "  done\n"
            << "  local words='" << optionWords(app) << "'\n"
            << "  case $command in\n"
            << "    '') words+='" << names << "' ;;\n";
  for (const auto* command : commandsOf(app)) {
    std::string words = optionWords(*command);
    for (const auto* below : commandsOf(*command)) words += " " + below->get_name();
    std::cout << "    " << command->get_name() << ") words+='" << words << "' ;;\n";
  }
  std::cout << "  esac\n"
            << "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
            << "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
            << "}\n"
            << "complete -o filenames -F _dividere dividere\n";
  return kOk;
}

/// For troff: a hyphen is a minus, and a line that begins with a dot is no command.
std::string troff(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    if (c == '-' || c == '\\') shown += '\\';
    if (c == '.' && (shown.empty() || shown.back() == '\n')) shown += "\\&";
    shown += c;
  }
  return shown;
}

void describeOptions(const CLI::App& app) {
  for (const auto* option : app.get_options()) {
    if (option->get_description().empty()) continue;
    std::cout << ".TP\n.B " << troff(option->get_name(option->get_positional(), true)) << "\n"
              << troff(option->get_description()) << "\n";
  }
}

void describeCommand(const CLI::App& command, const std::string& before) {
  const auto name = before + command.get_name();
  for (const auto* below : commandsOf(command)) describeCommand(*below, name + " ");
  if (!commandsOf(command).empty()) return;
  std::cout << ".SS " << troff(name) << "\n" << troff(command.get_description()) << ".\n";
  describeOptions(command);
}

int describe(const CLI::App& app) {
  std::cout << ".TH DIVIDERE 1 \"\" \"dividere " << dividere::kVersion << "\"\n"
            << ".SH NAME\ndividere \\- looks into a system of dividere processes\n"
            << ".SH SYNOPSIS\n.B dividere\n[OPTIONS] COMMAND ...\n"
            << ".SH DESCRIPTION\n"
            << troff(app.get_description()) << "\n"
            << ".SH OPTIONS\n";
  describeOptions(app);
  std::cout << ".SH COMMANDS\n";
  for (const auto* command : commandsOf(app)) describeCommand(*command, "");
  std::cout << ".SH \"EXIT STATUS\"\n0: done. 1: failed. 2: called wrongly. 3: something did not come in time.\n";
  return kOk;
}

}  // namespace

void addSelfDescription(CLI::App& app, Action& action) {
  addCommand(app, "completion", "prints the completion for bash", action, [&app] { return complete(app); })->group("");
  addCommand(app, "man", "prints the manual page", action, [&app] { return describe(app); })->group("");
}

}  // namespace tool
