#include "simulate/simulate.hpp"

#include <filesystem>
#include <iterator>
#include <ostream>

#include "core/error.hpp"
#include "core/format.hpp"
#include "io/output.hpp"
#include "io/results.hpp"
#include "simulate/fingerprint.hpp"
#include "simulate/products.hpp"

namespace zspex::simulate {
namespace {

namespace fs = std::filesystem;

/// Refuses before any work what could not be written after it.
void check_outputs(const config::SimulateConfig& config, const config::JobConfig& job,
                   const std::vector<Product>& products) {
  for (const Product& product : products)
    for (const std::string& path : product.files) {
      if (!config.overwrite && !job.resume && fs::exists(path))
        throw FileError(path, "",
                        "expected no file of this name, found one. Choose another folder, or allow overwrite.",
                        ExitCode::output);
      io::check_output(path);
    }
}

/// Why the files must be made again; empty if all are there, whole, and of these settings.
std::string reason_to_redo(const Product& product) {
  for (const std::string& path : product.files) {
    if (!fs::exists(path)) return path + " is made again: missing";
    try {
      const auto told = io::read_summary(path).header.text(fingerprint_key).value_or("");
      if (path == product.files.front() && told != product.fingerprint)
        return path + " is made again: it is of other settings";
    } catch (const std::exception& error) {
      return fmt::format("{} is made again: not whole ({})", path, error.what());
    }
  }
  return "";
}

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

void run_simulate(const config::SimulateConfig& config, const config::JobConfig& job, const Share& share,
                  io::OutputFolders& folders, std::ostream& out) {
  using Kind = config::SimulateKind;
  const bool frames = config.kind == Kind::exposures, alone = config.kind == Kind::templates;
  const std::string templates = alone ? config.output : (fs::path(config.output) / "templates").string();
  std::vector<Product> products;
  if (!alone) products = frames ? exposure_products(config) : spectra_products(config);
  if (!frames) append(products, template_products(templates));
  const bool talk = job.verbosity >= 0;
  if (job.dry_run) {
    if (share.rank != 0) return;
    out << "simulate: " << products.size() << " files, seed " << config.seed << "\n";
    for (const Product& product : products) out << "  " << product.plan << "\n";
    return;
  }
  check_outputs(config, job, products);
  folders.make_for(config.output + "/");
  if (!frames) folders.make_for(templates + "/");
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(share.nranks)) != share.rank) continue;
    const std::string reason = job.resume ? reason_to_redo(products[i]) : "new";
    if (job.resume) {
      for (const std::string& path : products[i].files)
        for (const std::string& note : io::clear_leftovers(path))
          if (talk) out << note << "\n";
      if (talk && !reason.empty()) out << reason << "\n";
    }
    const std::string said = reason.empty() ? products[i].files.front() + "  is there already" : products[i].write();
    if (talk) out << said << "\n" << std::flush;
  }
  if (share.rank != 0) return;
  std::vector<Note> notes;
  if (!alone) notes = frames ? exposure_notes(config) : spectra_notes(config);
  if (!frames) append(notes, template_notes(templates));
  for (const Note& note : notes) {
    io::write_file(note.path, note.contents);
    if (talk) out << note.path << "  " << note.next << "\n";
  }
}

}  // namespace zspex::simulate
