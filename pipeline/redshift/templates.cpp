#include "pipeline/redshift/templates.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "core/format.hpp"
#include "io/template.hpp"
#include "kernels/redshift/redshift_grid.hpp"
#include "pipeline/comm/agree.hpp"

namespace zspex::kernels {

template <class Archive>
void fields(Archive& archive, Template& value) {
  std::vector<std::size_t> shape{value.basis.extent(0), value.basis.extent(1)};
  std::vector<double> basis(value.basis.begin(), value.basis.end());
  archive(value.spectype, value.subtype, value.method, value.igm, value.wave, shape, basis, value.redshifts);
  value.basis = Array2<double>({shape[0], shape[1]}, std::move(basis));
}

template <class Archive>
void fields(Archive& archive, Archetypes& value) {
  std::vector<std::size_t> shape{value.flux.extent(0), value.flux.extent(1)};
  std::vector<double> flux(value.flux.begin(), value.flux.end());
  archive(value.spectype, value.subtypes, value.wave, shape, flux);
  value.flux = Array2<double>({shape[0], shape[1]}, std::move(flux));
}

}  // namespace zspex::kernels

namespace zspex::io {

template <class Archive>
void fields(Archive& archive, TemplateName& name) {
  archive(name.full_type, name.version, name.file);
}

}  // namespace zspex::io

namespace zspex::pipeline {

template <class Archive>
void fields(Archive& archive, TemplateSet& set) {
  archive(set.templates, set.names, set.archetypes, set.archetype_names);
}

namespace {

std::vector<double> redshifts_of(const io::TemplateFile& file, const config::RedshiftConfig& config) {
  if (!file.redshifts.empty()) return file.redshifts;
  kernels::RedshiftRange range = kernels::default_range(file.spectype);  // refuses unknown types
  const auto& given = file.spectype == "GALAXY" ? config.zscan_galaxy
                      : file.spectype == "QSO"  ? config.zscan_qso
                                                : config.zscan_star;
  if (given) range = {given->zmin, given->zmax, given->dz};
  return kernels::redshift_grid(file.spectype, range);
}

kernels::IgmModel igm_of(const std::string& name) {
  if (name == "Calura12") return kernels::IgmModel::calura12;
  if (name == "Kamble20") return kernels::IgmModel::kamble20;
  if (name == "Inoue14") return kernels::IgmModel::inoue14;
  return kernels::IgmModel::none;
}

kernels::Template to_template(io::TemplateFile file, const config::RedshiftConfig& config) {
  kernels::Template tmpl;
  tmpl.redshifts = redshifts_of(file, config);
  tmpl.spectype = file.spectype;
  tmpl.subtype = file.subtype;
  tmpl.method = file.method == "NMF" ? FitMethod::nmf : FitMethod::pca;
  tmpl.igm = igm_of(file.igm);
  tmpl.wave = std::move(file.wave);
  tmpl.basis = std::move(file.basis);
  if (tmpl.redshifts.size() < 3)
    throw FileError(file.path, "REDSHIFTS",
                    fmt::format("expected at least 3 redshifts, found {}. Widen the scan.", tmpl.redshifts.size()));
  return tmpl;
}

/// Adds an item under its name, or puts it in the place of an earlier one of the same kind.
template <class Item>
void add_or_replace(std::vector<Item>& items, std::vector<io::TemplateName>& names, Item item, io::TemplateName name,
                    const char* what, std::vector<std::string>& warnings) {
  const auto earlier =
      std::find_if(names.begin(), names.end(), [&](const auto& other) { return other.full_type == name.full_type; });
  if (earlier == names.end()) {
    items.push_back(std::move(item));
    names.push_back(std::move(name));
    return;
  }
  warnings.push_back(fmt::format("{}{}: expected one file, found {} and {}; {} is used", what, name.full_type,
                                 earlier->file, name.file, name.file));
  items[static_cast<std::size_t>(earlier - names.begin())] = std::move(item);
  *earlier = std::move(name);
}

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

}  // namespace

int TemplateSet::max_nbasis() const {
  int most = 1;
  for (const auto& tmpl : templates) most = std::max(most, tmpl.nbasis());
  return most;
}

TemplateSet read_templates(const config::RedshiftConfig& config, std::vector<std::string>& warnings) {
  TemplateSet set;
  for (const std::string& path : io::find_templates(config.templates)) {
    io::TemplateFile file = io::read_template(path);
    warnings.insert(warnings.end(), file.notes.begin(), file.notes.end());
    io::TemplateName name{"", file.version, file_name(path)};
    kernels::Template tmpl = to_template(std::move(file), config);
    name.full_type = tmpl.full_type();
    add_or_replace(set.templates, set.names, std::move(tmpl), std::move(name), "template ", warnings);
  }
  if (config.archetypes.empty()) return set;
  for (const std::string& path : io::find_archetypes(config.archetypes)) {
    io::ArchetypeFile file = io::read_archetypes(path);
    warnings.insert(warnings.end(), file.notes.begin(), file.notes.end());
    kernels::Archetypes archetypes{file.spectype, std::move(file.subtypes), std::move(file.wave), std::move(file.flux)};
    add_or_replace(set.archetypes, set.archetype_names, std::move(archetypes),
                   {file.spectype, file.version, file_name(path)}, "archetypes of ", warnings);
  }
  return set;
}

TemplateSet share_templates(const comm::Communicator& world, const config::RedshiftConfig& config,
                            std::vector<std::string>& warnings) {
  return comm::share(world, [&] { return read_templates(config, warnings); });
}

TemplateSet share_templates(const comm::Communicator& world, const config::RedshiftConfig& config, std::ostream& err) {
  std::vector<std::string> warnings;
  TemplateSet templates = share_templates(world, config, warnings);
  if (world.is_root())
    for (const std::string& warning : warnings) err << "zspex redshift: warning: " << warning << "\n";
  return templates;
}

}  // namespace zspex::pipeline
