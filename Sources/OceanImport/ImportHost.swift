/// The questions an import asks of the host it runs on. They are injected, because the translation itself
/// reads nothing.
package struct ImportHost {
  /// Reads the contents of a file; nil if it cannot be read here.
  package var read: (_ path: String) -> [UInt8]?
  /// Whether a certificate is for a host name; nil if it cannot be read here.
  package var isCertificate: (_ path: String, _ name: String) -> Bool?
  package var isFile: (_ path: String) -> Bool
  /// The name of a user; nil if no user has that number.
  package var userName: (_ uid: UInt32) -> String?

  package init(
    read: @escaping (String) -> [UInt8]?, isFile: @escaping (String) -> Bool,
    isCertificate: @escaping (String, String) -> Bool?, userName: @escaping (UInt32) -> String?
  ) {
    (self.read, self.isFile) = (read, isFile)
    (self.isCertificate, self.userName) = (isCertificate, userName)
  }

  /// A host that has nothing of what the config names: it came from elsewhere.
  package static var elsewhere: ImportHost {
    ImportHost(
      read: { _ in nil }, isFile: { _ in false }, isCertificate: { _, _ in nil }, userName: { _ in nil })
  }
}
