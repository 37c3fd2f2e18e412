namespace Archon.Integrations;

/// <summary>What a server's certificate was refused for, besides its authority.</summary>
internal enum CertificateFault
{
    /// <summary>It is for other names than the one that was asked.</summary>
    Name,

    /// <summary>It is not valid yet, or not any more.</summary>
    Time,
}

/// <param name="details">The names that it is for, or the days from which to which it is valid.</param>
internal sealed class CertificateException(CertificateFault fault, string details) : Exception($"{fault}: {details}")
{
    public CertificateFault Fault => fault;
    public string Details => details;
}
