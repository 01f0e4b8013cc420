package import Glibc

/// Starts a thread that does `body` and ends with it; whoever gets it joins it, or detaches it, so that it gives its stack
/// back.
///
/// - Throws: The system's code, when it gives no thread; `body` is let go of then.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(ThreadFault) -> pthread_t {
    final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let work = Unmanaged.passRetained(Work(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, work.toOpaque())
    if code == 0 { return thread }
    work.release()
    throw ThreadFault(code: code)
}

/// The system gives no thread.
package struct ThreadFault: Error {
    /// What `pthread_create` gave.
    package let code: Int32
}
