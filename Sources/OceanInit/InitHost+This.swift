import Glibc
import OceanAccess
import OceanAddresses
import OceanBase
import OceanCompiler
import OceanHost
import OceanTLS

extension InitHost {
  /// This host, as this user may see it.
  ///
  /// - Parameter path: that of the config. Certificates and accounts may be beside it.
  package static func this(for path: String) -> InitHost {
    let folder = Files.directory(of: path)
    return InitHost(
      name: hostName, mailName: line(of: "/etc/mailname"), addresses: Host.addresses.filter(\.isReachable),
      hasIPv6: Host.hasIPv6, certificates: certificates(beside: folder), mail: FoundMail.here,
      passwdFiles: ["\(folder)/users.passwd", "/etc/dovecot/users", "/etc/dovecot/passwd"].filter(exists),
      sockets: ListeningSocket.all(on: TakenPorts.usual),
      dovecot: ["/etc/dovecot/dovecot.conf"].first(where: exists), now: SystemClock.wall.seconds,
      exists: exists, flawOfAccounts: flaw(ofAccounts:), flawOfCertificate: flaw(of:))
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 || errno == EACCES }

  /// The host's name and the domain that /etc/hosts gives it. `hostname -f` asks DNS as well, which may take as
  /// long as a resolver that is away.
  private static var hostName: String {
    let name = Host.name
    guard !name.contains("."), let hosts = try? Files.read("/etc/hosts", limit: 1 << 20) else { return name }
    for line in String(decoding: hosts, as: UTF8.self).split(separator: "\n") {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).dropFirst()
      guard words.contains(Substring(name)) else { continue }
      if let whole = words.first(where: { $0.hasPrefix(name + ".") }) { return whole.lowercased() }
    }
    return name
  }

  private static func line(of path: String) -> String? {
    guard let bytes = try? Files.read(path, limit: 4096) else { return nil }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init)
  }

  // MARK: - Certificates

  private static let certbot = "/etc/letsencrypt"
  /// A host for many names may have many certificates; nobody chooses from more.
  private static let maxCertificates = 20

  private static func certificates(beside folder: String) -> [FoundCertificate] {
    // The directory of the certificates is closed to all but root; that of their settings is not, but it lacks those
    // that were copied from another host.
    let renewed = Files.names(in: "\(certbot)/renewal").filter { $0.hasSuffix(".conf") }.map {
      String($0.dropLast(5))
    }
    let copied = Files.names(in: "\(certbot)/live").filter { exists("\(certbot)/live/\($0)/fullchain.pem") }
    let live = Set(renewed + copied).sorted().map { "\(certbot)/live/\($0)" }.map {
      CertificatePair(chain: "\($0)/fullchain.pem", key: "\($0)/privkey.pem")
    }
    let own = Files.names(in: "\(folder)/tls").filter { $0.hasSuffix(".key") }.sorted().compactMap { name in
      let stem = "\(folder)/tls/\(name.dropLast(4))"
      let chains: [String] = ["\(stem).crt", "\(stem).pem"]
      return chains.first(where: exists).map { CertificatePair(chain: $0, key: "\(stem).key") }
    }
    return (live + own).prefix(maxCertificates).compactMap { pair in
      let chain: [UInt8]
      do throws(FileAccess.ReadError) {
        chain = try Files.read(pair.chain, limit: Files.chainLimit)
      } catch .notPermitted {
        // certbot's own name of a certificate is the first of those that it is for.
        let name = pair.chain.split(separator: "/").dropLast().last.map(String.init)
        return FoundCertificate(pair, names: [name].compactMap(\.self), notAfter: nil)
      } catch {
        return nil
      }
      guard let leaf = CertificateFile(chain: chain, key: nil).path.first?.info else { return nil }
      return FoundCertificate(pair, names: leaf.names.compactMap(\.hostName), notAfter: leaf.notAfter)
    }
  }

  private static func flaw(of pair: CertificatePair) -> String? {
    let gathered = GatheredCertificates(["": FactRequest.Certificate(chain: pair.chain, key: pair.key)])
    guard let facts = gathered.facts[""], gathered.identities[""] == nil else { return nil }
    for (path, state) in [(pair.chain, facts.chain), (pair.key, facts.key)] {
      switch state {
      case .missing: return "there is no file \(path)"
      case .unreadable(let reason): return "cannot read \(path): \(reason)"
      case .notPermitted: return nil
      case .read, .notHere: continue
      }
    }
    let words = facts.findings.first.map { CertificateWords($0, chain: pair.chain, key: pair.key).what }
    return words ?? "\(pair.chain) and \(pair.key) are not a certificate and its key"
  }

  // MARK: - Accounts

  private static func flaw(ofAccounts path: String) -> String? {
    do {
      let bytes = SecretBytes(copying: try Files.read(path, limit: PasswdFile.maxLength))
      let file = PasswdFile(parsing: bytes, defaultDomain: nil)
      return file.activeCount + file.disabledCount + file.refusedCount > 0 || bytes.isEmpty
        ? nil : "\(path) is not a passwd-file: no line of it is an account"
    } catch .notPermitted {
      return nil
    } catch {
      return "cannot read \(path): \(error.reason)"
    }
  }
}

extension CertificateName {
  fileprivate var hostName: String? { if case .dns(let name) = self { name } else { nil } }
}

extension IPAddress {
  /// Whether another host may reach it without knowing the interface.
  fileprivate var isReachable: Bool {
    let isLinkLocal = family == .v4 ? value >> 16 == 0xa9fe : value >> 118 == 0xfe80 >> 6
    return !isLoopback && !isLinkLocal
  }
}
