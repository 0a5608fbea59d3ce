#include "pipeline/redshift/templates.hpp"

#include <algorithm>
#include <filesystem>

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
  archive(set.templates, set.names);
}

namespace {

kernels::RedshiftRange to_range(const std::optional<config::ZscanRange>& given, const std::string& spectype) {
  return given ? kernels::RedshiftRange{given->zmin, given->zmax, given->dz} : kernels::default_range(spectype);
}

std::vector<double> redshifts_of(const io::TemplateFile& file, const config::RedshiftConfig& config) {
  if (!file.redshifts.empty()) return file.redshifts;
  const auto& given = file.spectype == "GALAXY" ? config.zscan_galaxy
                      : file.spectype == "QSO"  ? config.zscan_qso
                                                : config.zscan_star;
  return kernels::redshift_grid(file.spectype, to_range(given, file.spectype));
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
  tmpl.method = file.method == "NMF" ? kernels::FitMethod::nmf : kernels::FitMethod::pca;
  tmpl.igm = igm_of(file.igm);
  tmpl.wave = std::move(file.wave);
  tmpl.basis = std::move(file.basis);
  if (tmpl.redshifts.size() < 3)
    throw FileError(
        file.path, "REDSHIFTS",
        "expected at least 3 redshifts, found " + std::to_string(tmpl.redshifts.size()) + ". Widen the scan.");
  return tmpl;
}

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
    io::TemplateName name{"", file.version, std::filesystem::path(path).filename().string()};
    kernels::Template tmpl = to_template(std::move(file), config);
    name.full_type = tmpl.full_type();
    const auto earlier = std::find_if(set.templates.begin(), set.templates.end(), [&](const auto& other) {
      return other.spectype == tmpl.spectype && other.subtype == tmpl.subtype;
    });
    if (earlier == set.templates.end()) {
      set.templates.push_back(std::move(tmpl));
      set.names.push_back(std::move(name));
      continue;
    }
    auto& replaced = set.names[static_cast<std::size_t>(earlier - set.templates.begin())];
    warnings.push_back("template " + name.full_type + ": expected one file, found " + replaced.file + " and " +
                       name.file + "; " + name.file + " is used");
    *earlier = std::move(tmpl);
    replaced = std::move(name);
  }
  return set;
}

TemplateSet share_templates(const comm::Communicator& world, const config::RedshiftConfig& config,
                            std::vector<std::string>& warnings) {
  return comm::share(world, [&] { return read_templates(config, warnings); });
}

}  // namespace zspex::pipeline
