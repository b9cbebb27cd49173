/** Where the test run keeps its servers; the names are set by `npm test`. */
export const TEST_SERVER_VARIABLES = {
  postgres: 'HORNBOOK_TEST_DATABASE_URL',
  rabbitmq: 'HORNBOOK_TEST_RABBITMQ_URL',
  redis: 'HORNBOOK_TEST_REDIS_URL',
} as const;

function given(server: keyof typeof TEST_SERVER_VARIABLES): string {
  const variable = TEST_SERVER_VARIABLES[server];
  const url = process.env[variable];
  if (!url)
    throw new Error(
      `This test needs the test servers (${variable} is not set): run it as "npm test -- <part of its path>".`,
    );
  return url;
}

/** The test run's Postgres, by a role that may create databases and roles. */
export function testPostgres(): { readonly adminUrl: string } {
  return { adminUrl: given('postgres') };
}

/** The test run's RabbitMQ. Test files share it: use names of your own, or start a private node to kill it. */
export function testRabbitmq(): { readonly url: string } {
  return { url: given('rabbitmq') };
}

/** The test run's Redis. Test files share it: use keys of your own. */
export function testRedis(): { readonly url: string } {
  return { url: given('redis') };
}
