import ArgumentParser

/// How most commands answer.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case human
  case json
}

/// How the commands answer that compare plans.
enum ChangeFormat: String, ExpressibleByArgument, CaseIterable {
  case human
  case json
  case sarif
  case github
  case markdown
  case html
}
