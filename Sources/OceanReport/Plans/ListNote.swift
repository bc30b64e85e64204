/// A note about an address list that came back while its file holds something else, and what to do.
package enum ListNote {
  package static func text(_ path: String) -> String {
    "\(path) on disk is another list than what runs: correct it, then 'ocean apply'"
  }
}
