import Glibc
import OceanBase
import OceanCompiler
import OceanSyntax
import OceanTLS

/// A script that an ACME client runs as root after each renewal: it copies the new certificate to where the config says, so
/// that the server may read it and nobody else, and tells whether the server took it up.
package struct RenewalHook: Sendable {
  package enum Client: String, CaseIterable, Sendable {
    case certbot
    case lego
    case acmeSh = "acme.sh"
  }

  package let client: Client
  /// The absolute paths that the config names.
  package let chain: String
  package let key: String
  /// The group of the server's user, which may read the key.
  package let group: String
  /// A name of the certificate: others that the client renews are left alone.
  package let name: String
  private let config: String
  private let program: String

  /// - Parameters:
  ///   - config: the config's path.
  ///   - certificate: which of the config's; nil if there is one.
  ///   - name: a name that it is for; nil if that is to be read from the file that is there.
  ///   - program: the path of `ocean`.
  package init(
    _ client: Client, config: String, certificate: String?, name: String?, program: String
  ) throws(Failure) {
    let request: FactRequest
    do {
      request = try loadConfig(config, files: Files.access).factRequest
    } catch {
      throw Failure("cannot read \(config): \(error.reason)")
    }
    let names = request.certificates.keys.sorted()
    guard let chosen = certificate ?? (names.count == 1 ? names.first : nil) else {
      throw Failure(
        names.isEmpty
          ? "\(config) names no certificate; write where the copies are to be: certificates: { main: { chain: tls/mail.crt, key: tls/mail.key } }"
          : "\(config) names several certificates; choose one with --certificate: \(names.joined(separator: ", "))"
      )
    }
    guard let files = request.certificates[chosen] else {
      throw Failure("\(config) names no certificate '\(chosen)'; it has \(names.joined(separator: ", "))")
    }
    if let folder = client.folders.first(where: { files.chain.hasPrefix($0) || files.key.hasPrefix($0) }) {
      throw Failure(
        "certificate '\(chosen)' is in \(folder), where \(client.rawValue) keeps it, and needs no hook: the server takes up "
          + "what changes there. For copies, name other files in \(config), like tls/mail.crt")
    }
    guard let user = request.users.first else {
      throw Failure("\(config) does not say who may read the key; set server.user")
    }
    guard let group = User(named: user).flatMap({ User.groupName(of: $0.gid) }) else {
      throw Failure("there is no user '\(user)' on this host (server.user)")
    }
    let known = (try? Files.readPEM(files.chain)).flatMap {
      CertificateFile(chain: $0, key: nil).certificates.first?.names.first?.description
    }
    guard let name = name ?? known else {
      throw Failure("\(files.chain) is not there yet; give a name that the certificate will have with --name")
    }
    (self.client, self.group, self.name, self.program) = (client, group, name, program)
    (chain, key) = (files.chain, files.key)
    self.config = Files.absolute(config)
  }

  /// Where the client looks for it, or, if it has to be told, a file beside the config.
  package var path: String {
    switch client {
    case .certbot: "/etc/letsencrypt/renewal-hooks/deploy/ocean"
    case .lego, .acmeSh: "\(Files.directory(of: config))/\(client.rawValue)-hook"
    }
  }

  /// The commands that make the client run it.
  ///
  /// - Parameter path: where it was written.
  package func commands(_ path: String) -> [String] {
    let (hook, name) = (shellWord(path), shellWord(name))
    return switch client {
    case .certbot: ["RENEWED_LINEAGE=/etc/letsencrypt/live/\(name) \(hook)"]
    case .lego: ["lego --domains \(name) ... renew --renew-hook \(hook)"]
    // Its shell takes the command apart once more.
    case .acmeSh: ["acme.sh --install-cert --domain \(name) --reloadcmd \(shellWord(hook))"]
    }
  }

  /// Writes it, unless it is there.
  ///
  /// - Parameters:
  ///   - file: where; nil writes it to `path`.
  ///   - replacing: whether another script gives way.
  /// - Returns: the absolute path, and whether something was written.
  package func write(to file: String?, replacing: Bool) throws(Failure) -> (path: String, isNew: Bool) {
    let path = Files.absolute(file ?? path)
    let contents = Array(text.utf8)
    if (try? Files.read(path, limit: 1 << 20)) == contents, access(path, X_OK) == 0 { return (path, false) }
    guard access(Files.directory(of: path), F_OK) == 0 else {
      throw Failure(
        "there is no directory \(Files.directory(of: path)): is \(client.rawValue) installed? --out names another file"
      )
    }
    try PublishedFiles.publish(
      [PublishedFiles.File(path: path, contents: SecretBytes(copying: contents), mode: 0o755)],
      replacing: replacing)
    return (path, true)
  }

  /// What is left to do, in lines: how the client is told about it.
  ///
  /// - Parameter path: where it was written.
  package func advice(_ path: String) -> [String] {
    let lead =
      client == .certbot
      ? "certbot runs it after each renewal. For the certificate that is there, run once as root:"
      : "Have it run after each renewal:"
    return [lead] + commands(path).map { "  " + $0.escapedForDisplay }
  }

  package var text: String {
    """
    #!/bin/sh
    # Made by 'ocean cert hook \(client.rawValue)'. \(client.rawValue) runs it as root after each renewal. A certificate for another
    # name is left alone, and one that cannot be used replaces nothing.
    set -eu

    \(client.given)
    name=\(shellWord(name))
    chain=\(shellWord(chain))
    key=\(shellWord(key))
    group=\(shellWord(group))
    config=\(shellWord(config))
    ocean() { \(shellWord(program)) "$@"; }

    shown=$(ocean cert show "$new_chain" --format json) || [ -n "$shown" ]
    case $shown in *"\\"$name\\""*) ;; *) exit 0 ;; esac
    ocean cert show "$new_chain" --key "$new_key" >/dev/null || { echo "ocean: $new_chain cannot be used; nothing was copied" >&2; exit 1; }

    # Each file appears whole. Until both are there, the server keeps what it has.
    umask 077
    trap 'rm -f "$key.new" "$chain.new"' EXIT
    cat "$new_key" >"$key.new"
    chgrp "$group" "$key.new"
    chmod 640 "$key.new"
    cat "$new_chain" >"$chain.new"
    chmod 644 "$chain.new"
    mv -f "$key.new" "$key"
    mv -f "$chain.new" "$chain"

    # The server looks at its files every ten seconds. A server that does not run reads them when it starts.
    end=${shown#*\\"not_after\\":\\"}
    end=${end%%\\"*}
    seconds=0
    while status=$(ocean status --config "$config" --format json 2>/dev/null); do
      case $status in *"\\"$end\\""*) exit 0 ;; esac
      if [ "$seconds" -ge 20 ]; then
        echo "ocean: the server has not taken up $chain; see: ocean status --config $config" >&2
        exit 1
      fi
      seconds=$((seconds + 1))
      sleep 1
    done

    """
  }
}

extension RenewalHook.Client {
  /// Where the client keeps what it renews.
  fileprivate var folders: [String] {
    switch self {
    case .certbot: ["/etc/letsencrypt/"]
    case .lego: ["/etc/lego/", "/var/lib/lego/"]
    case .acmeSh: ["/root/.acme.sh/"]
    }
  }

  /// What it tells a hook, as the variables that the rest uses.
  fileprivate var given: String {
    switch self {
    case .certbot:
      """
      new_chain=${RENEWED_LINEAGE:?certbot sets it}/fullchain.pem
      new_key=$RENEWED_LINEAGE/privkey.pem
      """
    // From version 5 on the names have HOOK in them.
    case .lego:
      """
      new_chain=${LEGO_HOOK_CERT_PATH:-${LEGO_CERT_PATH:?lego sets it}}
      new_key=${LEGO_HOOK_CERT_KEY_PATH:-${LEGO_CERT_KEY_PATH:?lego sets it}}
      """
    case .acmeSh:
      """
      new_chain=${CERT_FULLCHAIN_PATH:?acme.sh sets it}
      new_key=${CERT_KEY_PATH:?acme.sh sets it}
      """
    }
  }
}
