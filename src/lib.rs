//! Kong Gateway on AWS from one YAML file.
