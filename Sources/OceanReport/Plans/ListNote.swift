/// A note about an address list that came back while its file holds something else, and what to do.
package enum ListNote {
  package static func text(_ path: String) -> String {
    "\(path) on disk differs from the list that runs: correct it, then 'ocean apply'"
  }
}
