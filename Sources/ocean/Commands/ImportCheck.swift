import Glibc
import OceanCompiler
import OceanHost
import OceanImport
import OceanPlan
import OceanSyntax
import OceanTLS

/// What `ocean check` says of a config that an import has made.
struct ImportCheck {
  /// Mistakes that have to be mended before it runs; not the directory for the state, which is made in the next step.
  let errors: Int
  /// For people; empty if there is nothing to say.
  let text: String

  /// - Parameters:
  ///   - path: where it was written; nil for standard output.
  ///   - isOfThisHost: whether the files, users and addresses in it are to be found here.
  init(_ yaml: String, path: String?, isOfThisHost: Bool) {
    let name = path ?? "ocean.yaml"
    var files = Files.access
    files.read = { _ in Array(yaml.utf8) }
    guard let loaded = try? loadConfig(name, files: files) else {
      (errors, text) = (1, "\nNOT CHECKED: the config could not be read again\n")
      return
    }
    let facts = isOfThisHost ? Self.gather(loaded) : Self.nothing
    let result = compile(loaded, facts)
    // Without facts a warning may be about what only seems to be missing.
    let shown = isOfThisHost ? result.diagnostics : result.diagnostics.filter { $0.severity == .error }
    errors = shown.count { $0.severity == .error && $0.code.id != Self.missingDirectory }
    var text = DiagnosticRenderer.human(shown, in: loaded.sources)
    if !isOfThisHost {
      text +=
        "not checked: files, users and addresses; Dovecot's config is not known to be of this host, so check it there\n"
    } else {
      text += result.notChecked.map { "not checked: \($0)".escapedForDisplay + "\n" }.joined()
    }
    self.text = text.isEmpty ? "" : "\nWHAT 'ocean check' SAYS\n\(text)"
  }

  private static let missingDirectory = "OC0310"

  private static var nothing: Facts {
    Facts(hostname: "localhost", isRoot: true, hasIPv6: true, localAddresses: [])
  }

  private static func gather(_ loaded: LoadedConfig) -> Facts {
    let request = loaded.config.factRequest
    return Facts.gather(
      request, certificates: GatheredCertificates(request.certificates).facts,
      defaultDomain: loaded.config.defaultDomain, offline: false, now: nil)
  }
}

extension ImportHost {
  /// This host. Files are read as far as this user may.
  static var this: ImportHost {
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
