import Glibc
package import OceanBase

/// Files that appear under their names all together or not at all, each whole from the first moment.
package struct PublishedFiles {
  package struct File {
    package let path: String
    /// The contents, which need not be secret.
    package let contents: SecretBytes
    package let mode: UInt32
    /// The group that it is given to; nil leaves that to the system.
    package let group: UInt32?

    package init(path: String, contents: SecretBytes, mode: UInt32, group: UInt32? = nil) {
      self.path = path
      self.contents = contents
      self.mode = mode
      self.group = group
    }

    /// The file's name until its contents are on disk.
    fileprivate var temporary: String { "\(path).\(getpid()).tmp" }
    /// A second name of the file that is replaced, until all are in place.
    fileprivate var backup: String { "\(path).\(getpid()).old" }
  }

  private let files: [File]
  private let replacing: Bool
  private let advice: String

  /// - Parameters:
  ///   - replacing: whether existing files give way; otherwise they are an error.
  ///   - advice: what to do about a file that exists: half a sentence.
  package static func publish(
    _ files: [File], replacing: Bool, advice: String = "--force replaces it"
  ) throws(Failure) {
    // An interruption between two files would leave half of them.
    var all = sigset_t()
    var old = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    try PublishedFiles(files: files, replacing: replacing, advice: advice).publish()
  }

  private func publish() throws(Failure) {
    var staged: [File] = []
    var placed: [File] = []
    defer { for file in staged { unlink(file.temporary) } }
    for file in files {
      try stage(file)
      staged.append(file)
    }
    do throws(Failure) {
      for file in files {
        try place(file)
        placed.append(file)
      }
    } catch {
      for file in placed {
        if replacing, rename(file.backup, file.path) == 0 || errno != ENOENT { continue }
        unlink(file.path)
      }
      throw error
    }
    if replacing { for file in files { unlink(file.backup) } }
    for directory in Set(files.map { Self.directory(of: $0.path) }) { Files.synchronize(directory) }
  }

  private func stage(_ file: File) throws(Failure) {
    // Removes what a killed process of this number has left: in a container all have the same.
    unlink(file.temporary)
    unlink(file.backup)
    let fd = open(file.temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw self.failure(file.path) }
    var failure: Int32?
    do throws(WriteError) {
      try file.contents.withUnsafeBytes { (bytes) throws(WriteError) in try writeAll(bytes, to: fd) }
    } catch {
      failure = error.code
    }
    if failure == nil, let group = file.group, fchown(fd, uid_t.max, group) != 0 { failure = errno }
    if failure == nil, fchmod(fd, file.mode) != 0 || fsync(fd) != 0 { failure = errno }
    close(fd)
    if let failure {
      unlink(file.temporary)
      throw self.failure(file.path, failure)
    }
  }

  private func place(_ file: File) throws(Failure) {
    if replacing {
      guard link(file.path, file.backup) == 0 || errno == ENOENT else { throw self.failure(file.path) }
      guard rename(file.temporary, file.path) == 0 else {
        let code = errno
        unlink(file.backup)
        throw self.failure(file.path, code)
      }
    } else {
      // Unlike rename, link replaces nothing.
      guard link(file.temporary, file.path) == 0 else { throw self.failure(file.path) }
    }
  }

  private func failure(_ path: String, _ code: Int32 = errno) -> Failure {
    switch code {
    case EEXIST: Failure("\(path) exists and nothing was changed; \(advice)")
    case ENOENT: Failure("cannot write \(path): there is no directory \(Self.directory(of: path))")
    default: Failure("cannot write \(path): \(errorText(code))")
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
