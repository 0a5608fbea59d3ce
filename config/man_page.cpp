#include "config/man_page.hpp"

#include <array>
#include <utility>

#include "config/describe.hpp"
#include "config/schema.hpp"
#include "core/error.hpp"

namespace zspex::config {
namespace {

/// Text of a line. A hyphen that is typed is not one that typesetters make longer, and a dot at the beginning of a line is no
/// macro.
std::string roff(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '~':
        result += "\\(ti";
        break;
      case '^':
        result += "\\(ha";
        break;
      default:
        result += letter;
    }
  }
  if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
  return result;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string entry(const std::string& forms, const std::string& text) { return ".TP\n" + forms + "\n" + text + "\n"; }

std::string styled(const std::string& option, const std::string& argument, bool takes_many) {
  return bold(option) + (argument.empty() ? "" : " " + italic(argument)) + (takes_many ? "..." : "");
}

std::string what_it_means(const Field& field) {
  const std::string range = field.limits.text();
  return roff(field.help) + (field.unit.empty() ? "" : roff(" [" + field.unit + "]")) +
         (range.empty() ? "" : roff("; " + range)) + " (default " + bold(field.yaml(Settings{})) + ")";
}

std::string section_options(std::string_view section) {
  std::string result;
  for (const Field* field : fields_of(section)) result += entry(option_forms(*field, styled), what_it_means(*field));
  return result;
}

/// "zspex extract" in bold, the rest as it is.
std::string synopsis_line(const std::string& line) {
  const std::size_t end = line.find(' ', line.find(' ') + 1);
  return bold(line.substr(0, end)) + roff(line.substr(end)) + "\n";
}

std::string synopsis() {
  std::string result;
  const auto add = [&](const std::string& line) { result += synopsis_line(line); };
  for (const Section* job : job_sections())
    for (const std::string& line : usage(job->name)) add(line);
  add("zspex help JOB|man");
  add("zspex completion bash|zsh");
  return ".SH SYNOPSIS\n.nf\n" + result + ".fi\n";
}

std::string what_jobs_do() {
  std::string result;
  for (const Section* job : job_sections()) result += entry(bold(job->name), roff(job->help));
  return result;
}

std::string options() {
  std::string result = ".SH OPTIONS OF EVERY JOB\n" + section_options("job");
  for (const MetaOption& meta : meta_options()) result += entry(option_forms(meta, styled), roff(meta.help));
  for (const Section* job : job_sections()) {
    result += ".SH OPTIONS OF " + job->name + "\n" + section_options(job->name);
    if (find_field(job->name, "input") == nullptr) continue;
    for (const IdleOption& idle : idle_options())
      result += entry(styled(idle.option, idle.metavar, false), roff(idle.help));
  }
  return result;
}

std::string configuration() {
  std::string result =
      ".SH CONFIGURATION FILE\n" +
      roff(
          "YAML with a section for each job and one, job, for the options of every job. Each option has a key of the "
          "same name there, with _ for -. Later settings win: defaults, the configuration file, then --set and options "
          "in their order.") +
      "\n";
  for (const Section& section : sections()) {
    if (section.kind != Section::Kind::description) continue;
    result += ".PP\nThe section " + bold(section.name) + roff(", " + section.help) + ", has keys without options:\n";
    for (const Field* field : fields_of(section.name)) result += entry(bold(field->key), what_it_means(*field));
  }
  return result;
}

std::string exit_statuses() {
  static constexpr std::array table = {
      std::pair{ExitCode::success, "all is done"},
      std::pair{ExitCode::internal, "a defect of zspex: please report it"},
      std::pair{ExitCode::usage, "wrong usage: the command line or the configuration"},
      std::pair{ExitCode::input, "an input that can't be read or doesn't hold what it should"},
      std::pair{ExitCode::output, "an output that can't be written"},
      std::pair{ExitCode::numerics, "a computation that failed as a whole"},
      std::pair{ExitCode::parallel, "MPI"},
      std::pair{ExitCode::partial, "some files of several failed, the others are done"},
      std::pair{ExitCode::memory,
                "not enough memory: fewer ranks per node or more nodes, a smaller extract.batch or "
                "redshift.memory"}};
  std::string result = ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : table) result += entry(std::to_string(static_cast<int>(code)), roff(meaning));
  return result + entry("128 + N", "ended by signal N: temporary files are removed");
}

std::string examples() {
  static constexpr std::array commands = {
      "zspex extract -i preproc-r0-00051060.fits -p psf-r0-00051060.fits -o frame-r0-00051060.fits",
      "mpirun -n 4 zspex redshift -i coadd-0-1234.fits -t templates/ -o redrock-0-1234.fits",
      "zspex simulate -k coadds -o sky", "zspex inspect sky/coadd-0.fits --row 3",
      "mpirun -n 4 zspex measure -o machine.yaml"};
  std::string result = ".SH EXAMPLES\n.nf\n";
  for (const char* command : commands) result += roff(command) + "\n";
  return result + ".fi\n";
}

}  // namespace

std::string man_page(std::string_view version) {
  return ".\\\" Made by: zspex help man\n.TH ZSPEX 1 \"\" \"zspex " + std::string(version) +
         "\" \"User Commands\"\n.nh\n.ad l\n"
         ".SH NAME\nzspex \\- from spectrograph CCD frames to spectra and redshifts\n" +
         synopsis() + ".SH DESCRIPTION\n" +
         roff(
             "Extracts spectra from the CCD frames of a fiber spectrograph, finds their redshifts, and reads and "
             "writes "
             "DESI's files. mpirun -n N or srun deals the work to N processes. The first word is a job:") +
         "\n" + what_jobs_do() + options() + configuration() + exit_statuses() + ".SH ENVIRONMENT\n" +
         entry(bold("RR_TEMPLATE_DIR"), "folder of templates, where --templates is left out") + examples() +
         ".SH SEE ALSO\n" + bold("mpirun") + "(1)\n";
}

}  // namespace zspex::config
