import { ConfigurationError, exampleEnvironment, loadConfig } from '@hornbook/service-kit';
import { ExporterConfig } from './config.js';

function load(env: Record<string, string | undefined>): ExporterConfig {
  return loadConfig(ExporterConfig, 'exporter', {
    ...exampleEnvironment(ExporterConfig),
    RABBITMQ_URL: 'amqp://127.0.0.1',
    ...env,
  });
}

function faults(env: Record<string, string | undefined>): string {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return '';
}

describe('configuration', () => {
  it('has the seed’s waits, batch-wise concurrency and time-out as defaults', () => {
    expect(load({})).toMatchObject({
      platformUrl: 'http://127.0.0.1:8080',
      retryDelaysMs: [60_000, 120_000, 300_000],
      concurrency: 4,
      timeoutMs: 30_000,
      maxAnswerBytes: 5 * 1024 * 1024,
    });
  });

  it('needs a token, and never shows one', () => {
    expect(faults({ PRONIELTS_API_TOKEN: undefined })).toContain('PRONIELTS_API_TOKEN is not set');
    expect(faults({ PRONIELTS_API_TOKEN: 'short1' })).not.toContain('short1');
  });

  it('takes http and https only', () => {
    for (const url of ['file:///etc/passwd', 'ftp://example.org', 'gopher://example.org', 'example.org']) {
      expect(faults({ PRONIELTS_API_URL: url })).toContain('PRONIELTS_API_URL');
    }
  });

  it('refuses credentials, a query or a fragment in the platform’s URL', () => {
    for (const url of ['https://user:pass@example.org', 'https://example.org?a=1', 'https://example.org#x']) {
      expect(faults({ PRONIELTS_API_URL: url })).toContain('PRONIELTS_API_TOKEN');
    }
  });

  it('refuses a lease that could end while its batch is still being sent', () => {
    expect(faults({ EXPORT_LEASE_MS: '60000' })).toContain('at least 61000');
    expect(faults({ EXPORT_LEASE_MS: '61000' })).toBe('');
  });
});
