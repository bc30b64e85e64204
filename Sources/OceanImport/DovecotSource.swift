import Glibc
import OceanBase
package import OceanHost
import OceanSyntax

/// A config of Dovecot's, read from a file or from `doveconf`.
package struct DovecotSource {
  package let config: DovecotConfig
  /// The name of what the lines belong to, for people.
  package let words: String
  /// The directory of the config's files; nil if it was printed elsewhere or before.
  package let folder: String?
  /// Whether the things it names are on this host; nil if it does not say.
  package let isOfThisHost: Bool?

  package init(_ path: String) throws(Failure) {
    var bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: Files.configLimit)
    } catch {
      throw Failure("cannot read \(path): \(error.reason)".escapedForDisplay)
    }
    let isPrinted = DovecotParser.isPrinted(bytes)
    folder = isPrinted ? nil : Files.access.directory(path)
    if !isPrinted, let program = Self.doveconf, Self.isText(bytes) {
      let (output, isGood) = try Self.run([program, "-nP", "-c", path])
      // The program may be of 2.3, and the file for 2.4, which can be read as it is if nothing else belongs to it.
      guard isGood || DovecotParser.isForLater(bytes) else {
        throw Failure("doveconf does not accept \(path); what it says is above".escapedForDisplay)
      }
      if isGood { bytes = output }
      words = isGood ? "doveconf -nP -c \(path)" : path
    } else {
      words = path
    }
    do throws(DovecotParser.Failure) {
      config = try DovecotParser.parse(bytes)
    } catch {
      throw Failure("\(path): \(error)".escapedForDisplay)
    }
    isOfThisHost = isPrinted ? config.hostname.map { $0.lowercased() == Host.name } : true
  }

  private static func isText(_ bytes: [UInt8]) -> Bool {
    !bytes.isEmpty && !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
  }

  private static var doveconf: String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/doveconf" }.first { access($0, X_OK) == 0 }
  }

  /// Runs a program. Returns its output, and whether it ended well; it may complain to standard error.
  private static func run(_ words: [String]) throws(Failure) -> (output: [UInt8], isGood: Bool) {
    let child: ChildOutput
    do throws(ChildOutput.StartError) {
      child = try ChildOutput(words)
    } catch {
      throw failure(words[0], error.code)
    }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = Glibc.read(child.descriptor, &chunk, chunk.count)
      if count > 0 { output += chunk[..<count] } else if count == 0 || errno != EINTR { break }
    }
    return (output, child.end())
  }

  private static func failure(_ program: String, _ code: Int32) -> Failure {
    Failure("cannot run \(program): \(errorText(code))")
  }
}
