/// \file
/// The templates of a run: read once, shared by all ranks.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "config/redshift_config.hpp"
#include "io/redshifts.hpp"
#include "kernels/redshift/redshift.hpp"
#include "pipeline/comm/communicator.hpp"

namespace zspex::pipeline {

struct TemplateSet {
  std::vector<kernels::Template> templates;  ///< in scan order
  std::vector<io::TemplateName> names;       ///< for the headers
  std::vector<kernels::Archetypes> archetypes;
  std::vector<io::TemplateName> archetype_names;

  int max_nbasis() const;
};

/// Reads and checks them. Of two templates with one type and subtype, or two sets of archetypes of one type, the later
/// one takes the earlier one's place, with a warning.
TemplateSet read_templates(const config::RedshiftConfig& config, std::vector<std::string>& warnings);

/// The root's templates to all ranks, or its error. Collective.
TemplateSet share_templates(const comm::Communicator& world, const config::RedshiftConfig& config,
                            std::vector<std::string>& warnings);
/// The same; the root tells the warnings. \throws AgreedError
TemplateSet share_templates(const comm::Communicator& world, const config::RedshiftConfig& config, std::ostream& err);

}  // namespace zspex::pipeline
