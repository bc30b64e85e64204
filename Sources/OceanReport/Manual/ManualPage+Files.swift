import Glibc
import OceanBase
package import OceanHost

extension ManualPage {
  /// Writes pages to a directory, which is made if it is missing. They replace those of another version.
  package static func publish(_ pages: [ManualPage], below directory: String) throws(Failure) {
    for folder in [directory] + Set(pages.map { "\(directory)/man\($0.section)" }).sorted() {
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw Failure("cannot make the directory \(folder): \(errorText(errno))")
      }
    }
    try PublishedFiles.publish(
      pages.map { page in
        PublishedFiles.File(
          path: "\(directory)/\(page.path)", contents: SecretBytes(copying: Array(page.text.utf8)),
          mode: 0o644)
      }, replacing: true)
  }
}
