/// What to say, and to do, about an address list that came back while its file holds another.
package enum ListNote {
  package static func text(_ path: String) -> String {
    "\(path) on disk is another list than what runs: correct it, then 'ocean apply'"
  }
}
