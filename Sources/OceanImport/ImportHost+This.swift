import Glibc
import OceanHost
import OceanTLS

extension ImportHost {
  /// This host. Files are read with the rights of this user.
  package static var this: ImportHost {
    ImportHost(
      read: { try? Files.read($0, limit: Files.configLimit) },
      isFile: { path in
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      },
      isCertificate: { path, name in
        guard let name = CertificateName(hostName: name),
          let bytes = try? Files.read(path, limit: Files.chainLimit),
          let leaf = CertificateFile(chain: bytes, key: nil).path.first
        else { return nil }
        return leaf.isFor(name)
      },
      userName: { uid in getpwuid(uid).map { String(cString: $0.pointee.pw_name) } })
  }
}
