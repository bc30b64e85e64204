package import OceanPlan

/// One thing of a diff: a change, or a service, account source or certificate that comes, goes or changes as a whole.
package struct ChangeBlock {
  package enum Mark: String {
    case added = "+"
    case removed = "-"
    case changed = "~"
  }

  /// Something that is said about it, as it came: nothing is escaped.
  package enum Note {
    case text(String)
    /// An entry of a list that comes or goes.
    case entry(Mark, String)
    /// What it means for clients.
    case consequence(String)
    /// More about the consequence before it.
    case detail(String)
  }

  package let mark: Mark
  package let path: String
  /// Where it is written now, or was written.
  package let place: Provenance.Origin?
  package var notes: [Note]
  package let changes: [Change]
}
