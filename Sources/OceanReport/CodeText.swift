import OceanCompiler
package import OceanHost
import OceanSyntax

/// What the codes of diagnostics mean.
package enum CodeText {
  /// - Parameter id: a code in any case, or `all` for the document about all of them.
  /// - Throws: which code may be meant, if there is no such code.
  package static func text(of id: String) throws(Failure) -> String {
    if id == "all" { return diagnosticsReference() }
    let wanted = id.uppercased()
    guard let code = DiagnosticCode.all.first(where: { $0.id == wanted }) else {
      let close =
        closestMatch(wanted, among: DiagnosticCode.all.map(\.id)).map { "; did you mean \($0)?" } ?? ""
      throw Failure("there is no code '\(id.escapedForDisplay)'\(close)")
    }
    return "\(code.id), \(code.severity.rawValue): \(code.title)\n\n\(code.explanation)\n"
  }
}
